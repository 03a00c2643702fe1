package weir.nexmark;

import java.io.Serializable;

/** Makes what a pipeline reads of an event. */
interface EventConverter<T> extends Serializable {
  T convert(GeneratedEvent event);
}
