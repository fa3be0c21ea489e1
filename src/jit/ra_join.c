#include "jit/ra.h"
void ra_join(struct ra *ra) { (void)ra; }
