/* The operations there are. */
#include "worker/reads/ops.h"

const struct op ops[] = {{0}};
const size_t op_count = 0;
