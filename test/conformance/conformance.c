/* Runs the conformance vectors on every engine that there is. */
#include "conformance/skep.h"

#include <stdio.h>

int main(void)
{
    struct conformance_engine engines[3];
    size_t n = 2;
    bool open = skep_engine_open(&engines[0], "interp", SKEP_ENGINE_INTERP);
    open &= skep_engine_open(&engines[1], "checked", SKEP_ENGINE_CHECKED);
    if (!open)
        printf("the library's engines do not open\n");
    n += open && kernel_engine_open(&engines[n]);
    unsigned wrong = open ? conformance_check(engines, n) : 1;
    skep_engine_close(&engines[0]);
    skep_engine_close(&engines[1]);
    return wrong ? 1 : 0;
}
