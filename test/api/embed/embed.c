/* A small program that embeds the library.  It is built from the amalgamation, through pkg-config
 * and through find_package, and must link and run each time. */
#ifdef SKEP_AMALGAMATION
#include "skep.h"
#else
#include <skep/skep.h>
#endif

#include <stdio.h>
#include <string.h>

int main(void)
{
    char expected[32];
    snprintf(expected, sizeof(expected), "%d.%d.%d", SKEP_VERSION_MAJOR, SKEP_VERSION_MINOR,
             SKEP_VERSION_PATCH);
    if (strcmp(skep_version(), expected) != 0) {
        printf("the header is of %s, the library of %s\n", expected, skep_version());
        return 1;
    }
    printf("embeds libskep %s\n", skep_version());
    return 0;
}
