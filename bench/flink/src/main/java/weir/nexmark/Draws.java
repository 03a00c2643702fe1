package weir.nexmark;

/** Repeatable random numbers: splitmix64. */
final class Draws {
  private static final long STEP = 0x9E3779B97F4A7C15L;
  private long state;

  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  void begin(long seed) {
    state = mix(seed);
  }

  int below(int bound) {
    state += STEP;
    return (int) (((mix(state) >>> 32) * bound) >>> 32);
  }
}
