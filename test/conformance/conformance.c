/* Runs the conformance vectors on every engine that there is. */
#include "conformance/vectors.h"

#include <stdio.h>

int main(void)
{
    struct conformance_engine engines[4];
    size_t n = 0;
    n += kernel_engine_open(&engines[n]);
    unsigned wrong = conformance_check(engines, n);
    return wrong ? 1 : 0;
}
