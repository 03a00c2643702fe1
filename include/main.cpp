#include <weir/main.hpp>
