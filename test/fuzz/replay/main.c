/* Runs a fuzz target without a fuzzer: on the files and folders named, and on truncations and
 * mutations of each that are the same every time.  So what a fuzzer found stays found, under every
 * compiler and sanitizer.
 *
 *     fuzz_NAME [-m mutations per file] path... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct replay {
    unsigned mutations;
    unsigned long runs;
    uint64_t random;
};

static uint64_t next_random(struct replay *r)
{
    r->random = r->random * 6364136223846793005u + 1442695040888963407u;
    return r->random >> 16;
}

/* A block of exactly the input's size, so that a sanitizer sees each read past its end. */
static void run_copy(struct replay *r, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        exit(2);
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    r->runs++;
}

static void run_truncations(struct replay *r, const uint8_t *data, size_t size)
{
    size_t step = size / 64 + 1;
    for (size_t length = 0; length < size; length += step)
        run_copy(r, data, length);
}

static void mutate_once(struct replay *r, uint8_t *data, size_t size)
{
    static const uint8_t telling[] = { 0, 1, 0x7f, 0x80, 0xff };
    size_t at = next_random(r) % size;
    switch (next_random(r) % 3) {
    case 0: data[at] ^= (uint8_t)(1u << next_random(r) % 8); break;
    case 1: data[at] = telling[next_random(r) % sizeof(telling)]; break;
    case 2: data[at] = (uint8_t)next_random(r); break;
    }
}

static void run_mutations(struct replay *r, const uint8_t *data, size_t size)
{
    uint8_t *changed = malloc(size ? size : 1);
    if (!changed)
        exit(2);
    for (unsigned i = 0; i < r->mutations && size > 0; i++) {
        memcpy(changed, data, size);
        for (uint64_t n = 1 + next_random(r) % 8; n > 0; n--)
            mutate_once(r, changed, size);
        run_copy(r, changed, size);
    }
    free(changed);
}

static void run_file(struct replay *r, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    if (!file || fstat(fileno(file), &st) != 0) {
        perror(path);
        exit(2);
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size)
        exit(2);
    fclose(file);
    run_copy(r, data, size);
    run_truncations(r, data, size);
    run_mutations(r, data, size);
    free(data);
}

static void run_folder(struct replay *r, const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char inner[4096];
        if (entries[i]->d_name[0] != '.') {
            snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
            run_file(r, inner);
        }
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    struct replay r = { .mutations = 64, .random = 1 };
    run_copy(&r, (const uint8_t *)"", 0);
    run_mutations(&r, (const uint8_t[256]){ 0 }, 256);
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (strcmp(argv[i], "-m") == 0 && i + 1 < argc)
            r.mutations = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            run_folder(&r, argv[i]);
        else
            run_file(&r, argv[i]);
    }
    printf("%lu inputs\n", r.runs);
    return 0;
}
