/* See struct_test.h. */
#include "struct_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void struct_bad(const char *what)
{
    fprintf(stderr, "struct tests: %s\n", what);
    exit(2);
}

static int struct_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes that hex digits stand for; it ends where they do. */
static struct struct_blob struct_hex(const char *text)
{
    size_t n = strlen(text) / 2;
    struct struct_blob blob = { .bytes = malloc(n + 1) };
    if (!blob.bytes)
        struct_bad("no memory");
    while (blob.size < n && struct_digit(text[2 * blob.size]) >= 0) {
        const char *at = text + 2 * blob.size;
        blob.bytes[blob.size++] = (uint8_t)(struct_digit(at[0]) << 4 | struct_digit(at[1]));
    }
    return blob;
}

static const char *struct_last_word(const char *line)
{
    const char *space = strrchr(line, ' ');
    return space ? space + 1 : "";
}

static void struct_room(size_t n)
{
    if (n >= STRUCT_TEST_MAX)
        struct_bad("too many lines of one kind");
}

static void struct_read_map(struct struct_test *test, const char *line)
{
    struct_room(test->n_maps);
    struct struct_map *map = &test->maps[test->n_maps++];
    if (sscanf(line, "%d %u %u %u %u %u %d %u %u %d", &map->id, &map->type, &map->key_size,
               &map->value_size, &map->entries, &map->flags, &map->btf, &map->key_type,
               &map->value_type, &map->inner) != 10)
        struct_bad("a map");
}

static void struct_read_element(struct struct_test *test, const char *line)
{
    char key[32];
    struct_room(test->n_elements);
    struct struct_element *element = &test->elements[test->n_elements++];
    if (sscanf(line, "%d %31s", &element->map, key) != 2)
        struct_bad("an element");
    struct struct_blob bytes = struct_hex(key);
    if (bytes.size > sizeof(element->key))
        struct_bad("a key");
    memcpy(element->key, bytes.bytes, bytes.size);
    element->value = struct_hex(struct_last_word(line));
    element->value.id = atoi(struct_last_word(line));
}

static void struct_read_program(struct struct_test *test, const char *line)
{
    char target[128];
    test->program = struct_hex(struct_last_word(line));
    if (sscanf(line, "%u %u %u %d %127s", &test->program.type, &test->attach, &test->flags,
               &test->program_btf, target) != 5)
        struct_bad("a program");
    test->target = strdup(target);
}

static void struct_read_run(struct struct_test *test, const char *line)
{
    struct_room(test->n_runs);
    struct struct_run *run = &test->runs[test->n_runs++];
    struct struct_blob data = struct_hex(struct_last_word(line));
    if (sscanf(line, "%u", &run->result) != 1 || data.size != sizeof(run->data))
        struct_bad("a run");
    memcpy(run->data, data.bytes, data.size);
}

static void struct_read_blob(struct struct_blob *blob, const char *line)
{
    *blob = struct_hex(struct_last_word(line));
    if (sscanf(line, "%d %u", &blob->id, &blob->type) < 1)
        struct_bad("types or a program");
}

static void struct_read_kfunc(struct struct_test *test, const char *line)
{
    struct_room(test->n_kfuncs);
    struct struct_kfunc *kfunc = &test->kfuncs[test->n_kfuncs++];
    kfunc->id = atoi(line);
    kfunc->name = strdup(struct_last_word(line));
}

static bool struct_is(char **line, const char *word)
{
    size_t n = strlen(word);
    bool same = !strncmp(*line, word, n) && (*line)[n] == ' ';
    *line += same ? n + 1 : 0;
    return same;
}

static void struct_read_line(struct struct_test *test, char *line)
{
    if (struct_is(&line, "btf")) {
        struct_room(test->n_btf);
        struct_read_blob(&test->btf[test->n_btf++], line);
    } else if (struct_is(&line, "aux")) {
        struct_room(test->n_aux);
        struct_read_blob(&test->aux[test->n_aux++], line);
    } else if (struct_is(&line, "map")) {
        struct_read_map(test, line);
    } else if (struct_is(&line, "element")) {
        struct_read_element(test, line);
    } else if (struct_is(&line, "kfunc")) {
        struct_read_kfunc(test, line);
    } else if (struct_is(&line, "program")) {
        struct_read_program(test, line);
    } else if (struct_is(&line, "functions")) {
        test->functions = struct_hex(struct_last_word(line));
        test->function_bytes = (uint32_t)atoi(line);
    } else if (struct_is(&line, "run")) {
        struct_read_run(test, line);
    }
}

struct struct_test *struct_test_read(const char *path, long offset)
{
    FILE *file = fopen(path, "r");
    struct struct_test *test = calloc(1, sizeof(*test));
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    if (!file || !test || fseek(file, offset, SEEK_SET))
        struct_bad(path);
    while ((length = getline(&line, &size, file)) > 0) {
        line[length - 1] = '\0';
        char *rest = line;
        bool begins = struct_is(&rest, "test");
        if (begins != !test->name)
            break;
        if (begins)
            test->name = strdup(rest);
        else
            struct_read_line(test, line);
    }
    free(line);
    fclose(file);
    if (!test->name || !test->program.bytes)
        struct_bad("no test at this place");
    return test;
}
