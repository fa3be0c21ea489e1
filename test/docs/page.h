/* What every generated page does: write itself, or say that the one in docs/ is not current.
 *
 *     docs_NAME FILE            fails when FILE is not what would be written
 *     docs_NAME --write FILE */
#ifndef SKEP_TEST_DOCS_PAGE_H
#define SKEP_TEST_DOCS_PAGE_H

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int page_write_to(const char *path, const struct text *page)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(page->data, 1, page->length, file) != page->length || fclose(file)) {
        perror(path);
        return 1;
    }
    return 0;
}

static inline int page_compare_with(const char *path, const struct text *page)
{
    FILE *file = fopen(path, "rb");
    char *kept = calloc(1, page->length + 2);
    size_t n = file && kept ? fread(kept, 1, page->length + 1, file) : 0;
    bool same = n == page->length && memcmp(kept, page->data, n) == 0;
    if (file)
        fclose(file);
    free(kept);
    if (!same)
        fprintf(stderr, "%s is not current: run make docs\n", path);
    return !same;
}

static inline int page_main(int argc, char **argv, void (*write_page)(struct text *out))
{
    struct mem mem;
    struct text page;
    bool write = argc == 3 && strcmp(argv[1], "--write") == 0;
    if (!write && argc != 2) {
        fprintf(stderr, "usage: %s [--write] FILE\n", argv[0]);
        return 2;
    }
    mem_init(&mem, NULL, 0);
    text_init(&page, &mem);
    write_page(&page);
    int status = write ? page_write_to(argv[2], &page) : page_compare_with(argv[1], &page);
    text_drop(&page);
    return status;
}

/* The names of the bits that are set, separated by blanks; "–" for none.  A bit without a name is a
 * hole in the page's table. */
struct page_bit {
    u32 bit;
    const char *name;
};
static inline void page_bits(struct text *out, u32 set, const struct page_bit *bits, size_t n)
{
    const char *blank = "";
    for (size_t i = 0; i < n; i++) {
        if (set & bits[i].bit) {
            text_printf(out, "%s%s", blank, bits[i].name);
            blank = " ";
            set &= ~bits[i].bit;
        }
    }
    if (set) {
        fprintf(stderr, "the page has no name for bits 0x%x\n", set);
        exit(1);
    }
    if (!*blank)
        text_string(out, "–");
}
#define PAGE_BITS(out, set, bits) page_bits((out), (set), (bits), ARRAY_LEN(bits))

#endif
