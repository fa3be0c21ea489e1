/* .skt text to cases. */
#include "skt.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    const char *path;
    unsigned line; /* of the directive under way */
    bool failed;
    struct skt_case *test;
    struct skt_file *file;
};

static void complain(struct parser *p, const char *what, const char *text)
{
    if (!p->failed)
        fprintf(stderr, "%s:%u: %s: %s\n", p->path, p->line, what, text);
    p->failed = true;
}

static char *copy(const char *text, size_t length)
{
    char *out = malloc(length + 1);
    if (!out)
        abort();
    memcpy(out, text, length);
    out[length] = 0;
    return out;
}

/* Without blanks at either end. */
static char *copy_trimmed(const char *text, size_t length)
{
    while (length && isspace((unsigned char)*text))
        text++, length--;
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    return copy(text, length);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct skt_bytes parse_hex(struct parser *p, const char *text)
{
    struct skt_bytes out = { .data = malloc(strlen(text) / 2 + 1) };
    int high = -1;
    if (!out.data)
        abort();
    for (const char *c = text; *c; c++) {
        int digit = hex_digit(*c);
        if (digit < 0) {
            if (!isspace((unsigned char)*c))
                complain(p, "not a hex digit", c);
        } else if (high < 0) {
            high = digit;
        } else {
            out.data[out.size++] = (uint8_t)(high << 4 | digit);
            high = -1;
        }
    }
    if (high >= 0)
        complain(p, "half a byte", text);
    return out;
}

static uint64_t parse_number(struct parser *p, const char *text)
{
    char *end;
    while (isspace((unsigned char)*text))
        text++;
    uint64_t value = *text == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
    while (isspace((unsigned char)*end))
        end++;
    if (end == text || *end)
        complain(p, "not a number", text);
    return value;
}

/* Calls each with every piece of text between separators; each may change its piece. */
static void for_pieces(struct parser *p, const char *text, char separator,
                       void (*each)(struct parser *p, char *piece))
{
    while (*text) {
        const char *end = strchr(text, separator);
        size_t length = end ? (size_t)(end - text) : strlen(text);
        char *piece = copy_trimmed(text, length);
        if (*piece)
            each(p, piece);
        free(piece);
        text += length + (end != NULL);
    }
}

/* "key=value" in a piece of several: the value, allocated, or NULL. */
static char *word_after(const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = strstr(text, key); at; at = strstr(at + 1, key)) {
        if (at[n] != '=' || (at > text && !isspace((unsigned char)at[-1])))
            continue;
        const char *value = at + n + 1;
        return copy(value, strcspn(value, " \t\n"));
    }
    return NULL;
}

static bool number_after(struct parser *p, const char *text, const char *key, uint64_t *out)
{
    char *word = word_after(text, key);
    if (!word)
        return false;
    *out = parse_number(p, word);
    free(word);
    return true;
}

/* ---- directives */

static void add_map(struct parser *p, char *text)
{
    struct skt_case *t = p->test;
    struct skt_map *map = &t->maps[t->n_maps];
    uint64_t key = 4, value = 8, entries = 1, flags = 0;
    if (t->n_maps == SKT_MAX) {
        complain(p, "too many maps", text);
        return;
    }
    number_after(p, text, "key", &key);
    number_after(p, text, "value", &value);
    number_after(p, text, "entries", &entries);
    number_after(p, text, "flags", &flags);
    *map = (struct skt_map){
        .name = copy(text, strcspn(text, " \t\n")),
        .type = word_after(text, "type"),
        .key = (uint32_t)key,
        .value = (uint32_t)value,
        .entries = (uint32_t)entries,
        .flags = (uint32_t)flags,
    };
    t->n_maps++;
    if (!map->type)
        complain(p, "a map needs type=", text);
}

static void add_entry(struct parser *p, char *text)
{
    struct skt_case *t = p->test;
    size_t name = strcspn(text, " \t"), key_at = name + strspn(text + name, " \t");
    size_t key = strcspn(text + key_at, " \t");
    if (t->n_entries == SKT_MAX) {
        complain(p, "too many entries", text);
        return;
    }
    char *key_text = copy(text + key_at, key);
    t->entries[t->n_entries++] = (struct skt_entry){
        .map = copy(text, name),
        .key = parse_hex(p, key_text),
        .value = parse_hex(p, text + key_at + key),
    };
    free(key_text);
}

static void add_tail(struct parser *p, char *text)
{
    struct skt_case *t = p->test;
    char *end;
    unsigned long index = strtoul(text, &end, 0);
    if (end == text || t->n_tails == SKT_MAX) {
        complain(p, "needs an index, or too many", text);
        return;
    }
    t->tails[t->n_tails++] = (struct skt_tail){ (uint32_t)index, copy(end, strlen(end)) };
}

static void add_matrix_value(struct parser *p, char *piece)
{
    if (p->test->n_matrix < SKT_MAX)
        p->test->matrix[p->test->n_matrix++] = copy(piece, strlen(piece));
    else
        complain(p, "too many values", piece);
}

static void add_r0(struct parser *p, char *piece)
{
    if (p->test->n_r0 < SKT_MAX)
        p->test->r0[p->test->n_r0++] = parse_number(p, piece);
    else
        complain(p, "too many values", piece);
}

/* "[a, b, c]" or "a" */
static void for_list(struct parser *p, const char *text,
                     void (*each)(struct parser *p, char *piece))
{
    while (isspace((unsigned char)*text))
        text++;
    const char *close = *text == '[' ? strchr(text, ']') : NULL;
    char *inside = close ? copy(text + 1, (size_t)(close - text) - 1) : copy(text, strlen(text));
    for_pieces(p, inside, ',', each);
    free(inside);
}

static void set_matrix(struct parser *p, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals) {
        complain(p, "a matrix is name = [values]", text);
        return;
    }
    p->test->matrix_name = copy_trimmed(text, (size_t)(equals - text));
    for_list(p, equals + 1, add_matrix_value);
}

/* NAME[KEY] = VALUE, or none */
static void add_after(struct parser *p, const char *text, const char *value)
{
    const char *open = strchr(text, '['), *close = strchr(text, ']');
    struct skt_case *t = p->test;
    if (!open || !close || close < open || t->n_after == SKT_MAX) {
        complain(p, "not a result", text);
        return;
    }
    char *key = copy(open + 1, (size_t)(close - open) - 1);
    bool absent = strstr(value, "none") != NULL;
    t->after[t->n_after++] = (struct skt_entry){
        .map = copy_trimmed(text, (size_t)(open - text)),
        .key = parse_hex(p, key),
        .value = absent ? (struct skt_bytes){ 0 } : parse_hex(p, value),
        .absent = absent,
    };
    free(key);
}

static void add_result(struct parser *p, char *piece)
{
    struct skt_case *t = p->test;
    char *equals = strchr(piece, '=');
    if (!equals) {
        complain(p, "a result is what = value", piece);
        return;
    }
    if (strncmp(piece, "r0", 2) == 0) {
        t->has_r0 = true;
        for_list(p, equals + 1, add_r0);
    } else if (strncmp(piece, "mem ", 4) == 0) {
        t->has_mem_after = true;
        t->mem_after = parse_hex(p, equals + 1);
    } else if (strncmp(piece, "packet ", 7) == 0) {
        t->has_packet_after = true;
        t->packet_after = parse_hex(p, equals + 1);
    } else {
        add_after(p, piece, equals + 1);
    }
}

static void set_trap(struct parser *p, char *text)
{
    struct skt_case *t = p->test;
    uint64_t number = 0;
    const char *at = strchr(text, '@');
    t->trap = copy(text, strcspn(text, " \t\n"));
    t->trap_region = word_after(text, "region");
    if (at) {
        t->has_trap_slot = true;
        t->trap_slot = (uint32_t)strtoul(at + 1, NULL, 0);
    }
    t->has_trap_offset = number_after(p, text, "offset", &number);
    t->trap_offset = (int64_t)number;
    t->has_trap_bytes = number_after(p, text, "bytes", &number);
    t->trap_bytes = (uint32_t)number;
}

static void add_engine(struct parser *p, char *piece)
{
    if (strcmp(piece, "interp") == 0)
        p->test->engines |= 1u << SKEP_ENGINE_INTERP;
    else if (strcmp(piece, "checked") == 0)
        p->test->engines |= 1u << SKEP_ENGINE_CHECKED;
    else if (strcmp(piece, "jit") == 0)
        p->test->engines |= 1u << SKEP_ENGINE_JIT;
    else
        complain(p, "no such engine", piece);
}

static void set_asm(struct parser *p, char *text) { p->test->source = copy(text, strlen(text)); }
static void set_hook(struct parser *p, char *text) { p->test->hook = copy(text, strlen(text)); }
static void set_listing(struct parser *p, char *text)
{
    p->test->listing = copy(text, strlen(text));
}
static void set_reject(struct parser *p, char *text) { p->test->reject = copy(text, strlen(text)); }
static void set_accept(struct parser *p, char *text)
{
    (void)text;
    p->test->accept = true;
}
static void set_slow(struct parser *p, char *text)
{
    (void)text;
    p->test->slow = true;
}
static void set_kernel(struct parser *p, char *text) { p->test->kernel = copy(text, strlen(text)); }
static void set_twin(struct parser *p, char *text)
{
    const char *arrow = strstr(text, " => ");
    if (!arrow) {
        complain(p, "a twin is A => B", text);
        return;
    }
    p->test->twin_from = copy_trimmed(text, (size_t)(arrow - text));
    p->test->twin_to = copy_trimmed(arrow + 4, strlen(arrow + 4));
}
static void set_fuel(struct parser *p, char *text) { p->test->fuel = parse_number(p, text); }
static void set_result(struct parser *p, char *text) { for_pieces(p, text, ';', add_result); }
static void set_engine(struct parser *p, char *text) { for_pieces(p, text, ' ', add_engine); }
static void set_profile(struct parser *p, char *text)
{
    if (strcmp(text, "strict") == 0)
        p->test->profile = SKEP_PROFILE_STRICT;
    else if (strcmp(text, "rfc") == 0)
        p->test->profile = SKEP_PROFILE_RFC;
    else if (strcmp(text, "linux") != 0)
        complain(p, "no such profile", text);
}
static void set_mem(struct parser *p, char *text)
{
    p->test->has_mem = true;
    p->test->mem = parse_hex(p, text);
}
static void set_packet(struct parser *p, char *text)
{
    p->test->has_packet = true;
    p->test->packet = parse_hex(p, text);
}
static void set_stop(struct parser *p, char *text)
{
    if (strcmp(text, "fuel") != 0)
        complain(p, "no such stop", text);
    p->test->stops_for_fuel = true;
}

static void begin_case(struct parser *p, char *text)
{
    struct skt_case *cases = realloc(p->file->cases, (p->file->n + 1) * sizeof(*p->file->cases));
    if (!cases)
        abort();
    p->file->cases = cases;
    p->test = &cases[p->file->n++];
    *p->test = (struct skt_case){ .name = copy(text, strlen(text)),
                                  .line = p->line,
                                  .profile = SKEP_PROFILE_LINUX };
}

static const struct {
    const char *name;
    void (*take)(struct parser *p, char *text);
} directives[] = {
    { "name", begin_case },     { "asm", set_asm },         { "hook", set_hook },
    { "mem", set_mem },         { "packet", set_packet },   { "map", add_map },
    { "entry", add_entry },     { "tail", add_tail },       { "matrix", set_matrix },
    { "profile", set_profile }, { "fuel", set_fuel },       { "engine", set_engine },
    { "result", set_result },   { "trap", set_trap },       { "stop", set_stop },
    { "reject", set_reject },   { "accept", set_accept },   { "twin", set_twin },
    { "kernel", set_kernel },   { "listing", set_listing }, { "slow", set_slow },
};

static void take_directive(struct parser *p, const char *name, size_t length, char *text)
{
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        if (strlen(directives[i].name) != length || strncmp(directives[i].name, name, length) != 0)
            continue;
        if (p->test || i == 0)
            directives[i].take(p, text);
        else
            complain(p, "before the first -- name", directives[i].name);
        return;
    }
    complain(p, "no such directive", name);
}

/* Where the next directive begins: "-- " at the start of a line or after two blanks. */
static const char *find_directive(const char *text, const char *begin)
{
    for (const char *at = strstr(text, "-- "); at; at = strstr(at + 1, "-- "))
        if (at == begin || at[-1] == '\n' || (at - begin >= 2 && at[-1] == ' ' && at[-2] == ' '))
            return at;
    return NULL;
}

/* Without the lines that are comments; newlines stay, so that lines can be counted. */
static char *without_comments(const char *text)
{
    char *out = copy(text, strlen(text)), *to = out;
    bool at_start = true, skip = false;
    for (const char *from = text; *from; from++) {
        if (at_start)
            skip = *from == '#';
        at_start = *from == '\n';
        if (!skip || at_start)
            *to++ = *from;
    }
    *to = 0;
    return out;
}

static unsigned line_of(const char *text, const char *at)
{
    unsigned line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

char *skt_read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t n = 0, size = 0;
    if (!file)
        return NULL;
    do {
        size = size ? 2 * size : 4096;
        char *more = realloc(text, size);
        if (!more)
            abort();
        text = more;
        n += fread(text + n, 1, size - n - 1, file);
    } while (n == size - 1);
    text[n] = 0;
    fclose(file);
    return text;
}

bool skt_parse(const char *path, const char *text, struct skt_file *out)
{
    struct parser p = { .path = path, .file = out };
    char *clean = without_comments(text);
    const char *at = find_directive(clean, clean);
    while (at && !p.failed) {
        const char *name = at + 3;
        size_t length = strcspn(name, " \t\n");
        const char *next = find_directive(name + length, clean);
        const char *end = next ? next : name + strlen(name);
        char *body = copy_trimmed(name + length, (size_t)(end - (name + length)));
        p.line = line_of(clean, at);
        take_directive(&p, name, length, body);
        free(body);
        at = next;
    }
    free(clean);
    return !p.failed;
}

static void free_entries(struct skt_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(entries[i].map);
        free(entries[i].key.data);
        free(entries[i].value.data);
    }
}

static void free_case(struct skt_case *t)
{
    char *const strings[] = { t->name,        t->source,    t->hook,   t->listing,
                              t->trap,        t->reject,    t->kernel, t->trap_region,
                              t->matrix_name, t->twin_from, t->twin_to };
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        free(strings[i]);
    for (size_t i = 0; i < t->n_matrix; i++)
        free(t->matrix[i]);
    for (size_t i = 0; i < t->n_tails; i++)
        free(t->tails[i].source);
    for (size_t i = 0; i < t->n_maps; i++) {
        free(t->maps[i].name);
        free(t->maps[i].type);
    }
    free_entries(t->entries, t->n_entries);
    free_entries(t->after, t->n_after);
    free(t->mem.data);
    free(t->packet.data);
    free(t->mem_after.data);
    free(t->packet_after.data);
}

/* Every `from` in the text, replaced. */
static char *replaced(const char *text, const char *from, const char *to)
{
    size_t n = 0, length = strlen(from);
    for (const char *at = strstr(text, from); at; at = strstr(at + length, from))
        n++;
    char *out = malloc(strlen(text) + n * strlen(to) + 1), *end = out;
    if (!out)
        abort();
    for (const char *at; (at = strstr(text, from)) != NULL; text = at + length) {
        end = mempcpy(end, text, (size_t)(at - text));
        end = stpcpy(end, to);
    }
    strcpy(end, text);
    return out;
}

char *skt_substituted(const struct skt_case *test, size_t matrix_at, const char *text)
{
    char name[64];
    if (!test->n_matrix)
        return copy(text, strlen(text));
    snprintf(name, sizeof(name), "$%s", test->matrix_name);
    return replaced(text, name, test->matrix[matrix_at]);
}

char *skt_twin_source(const struct skt_case *test)
{
    return replaced(test->source, test->twin_from, test->twin_to);
}

void skt_free(struct skt_file *file)
{
    for (size_t i = 0; i < file->n; i++)
        free_case(&file->cases[i]);
    free(file->cases);
    *file = (struct skt_file){ 0 };
}
