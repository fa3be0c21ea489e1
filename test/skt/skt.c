/* Runs .skt files: TAP on standard output, status 1 when a case failed.
 *
 *     skt_runner [--quick] FILE... */
#include "skt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool run_file(const char *path, struct skt_tap *tap)
{
    struct skt_file file = { 0 };
    char *text = skt_read_text(path);
    if (!text) {
        perror(path);
        return false;
    }
    bool ok = skt_parse(path, text, &file);
    printf("# %s: %zu cases\n", path, file.n);
    for (size_t i = 0; ok && i < file.n; i++)
        skt_run(&file.cases[i], tap);
    skt_free(&file);
    free(text);
    return ok;
}

int main(int argc, char **argv)
{
    struct skt_tap tap = { 0 };
    tap.quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    int first = tap.quick ? 2 : 1;
    bool ok = argc > first;
    for (int i = first; i < argc; i++)
        ok &= run_file(argv[i], &tap);
    printf("1..%u\n", tap.n);
    if (tap.n_skipped)
        printf("# %u skipped: there is no verifier\n", tap.n_skipped);
    if (tap.n_failed)
        printf("# %u of %u failed\n", tap.n_failed, tap.n);
    return ok && tap.n > 0 && !tap.n_failed ? 0 : 1;
}
