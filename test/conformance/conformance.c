/* Runs the conformance vectors on every engine that there is. */
#include "conformance/skep.h"

#include <stdio.h>

int main(void)
{
    struct conformance_engine engines[4];
    size_t own = *skep_jit_name() ? 3 : 2, n = own;
    bool open = skep_engine_open(&engines[0], "interp", SKEP_ENGINE_INTERP);
    open &= skep_engine_open(&engines[1], "checked", SKEP_ENGINE_CHECKED);
    if (own == 3)
        open &= skep_engine_open(&engines[2], "jit", SKEP_ENGINE_JIT);
    if (!open)
        printf("the library's engines do not open\n");
    n += open && kernel_engine_open(&engines[n]);
    unsigned wrong = open ? conformance_check(engines, n) : 1;
    for (size_t i = 0; i < own; i++)
        skep_engine_close(&engines[i]);
    return wrong ? 1 : 0;
}
