/* Writes what the fuzz targets begin with: files of the samples, in a folder for each target.
 *
 *     fuzz_seeds FOLDER */
#include "support/samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void make_folder(const char *path)
{
    if (mkdir(path, 0777) && errno != EEXIST) {
        perror(path);
        exit(2);
    }
}

static void write_seed(const char *folder, const char *target, int number, const u8 *data,
                       size_t size)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, target);
    make_folder(path);
    snprintf(path, sizeof(path), "%s/%s/sample-%d", folder, target, number);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
        perror(path);
        exit(2);
    }
}

static void write_types(const char *folder, bool big_endian)
{
    struct out_bytes blob;
    sample_btf(&blob, big_endian);
    write_seed(folder, "btf", big_endian, blob.data, blob.size);
    out_free(&blob);
    for (u32 extra = 0; extra < 8; extra += 4) {
        sample_btf_ext(&blob, big_endian, extra);
        write_seed(folder, "btf_ext", 2 * (int)extra + big_endian, blob.data, blob.size);
        out_free(&blob);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 2;
    }
    make_folder(argv[1]);
    for (int form = 0; form < 4; form++) {
        size_t size;
        u8 *file = sample_object(form & 1, form & 2, &size);
        write_seed(argv[1], "elf", form, file, size);
        write_seed(argv[1], "load", form, file, size);
        free(file);
        write_types(argv[1], form & 1);
    }
    return 0;
}
