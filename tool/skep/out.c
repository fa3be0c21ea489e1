/* Text, JSON, errors, tables and progress: everything that the command prints goes through here. */
#include "out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void say_v(const char *format, va_list list)
{
    fflush(stdout);
    fputs("skep: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
}

#define SAY(format)                                                                                \
    do {                                                                                           \
        va_list list;                                                                              \
        va_start(list, format);                                                                    \
        say_v(format, list);                                                                       \
        va_end(list);                                                                              \
    } while (0)

int say_usage(const char *format, ...)
{
    SAY(format);
    return STATUS_USAGE;
}

int say_no(const char *format, ...)
{
    SAY(format);
    return STATUS_NO;
}

void say_note(const char *format, ...) { SAY(format); }

int say_error(const char *what, skep_status status, const skep_error *error)
{
    char text[1024];
    bool reported = error && error->id && skep_error_text(error, text, sizeof text) > 0;
    say_note("%s: %s", what, reported ? text : skep_status_name(status));
    return status == SKEP_REJECTED || status == SKEP_UNSUPPORTED ? STATUS_NO : STATUS_USAGE;
}

void *need(void *block)
{
    if (!block) {
        fputs("skep: out of memory\n", stderr);
        exit(STATUS_USAGE);
    }
    return block;
}

static char *format_new_v(const char *format, va_list list)
{
    char *text;
    return need(vasprintf(&text, format, list) < 0 ? NULL : text);
}

char *format_new(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = format_new_v(format, list);
    va_end(list);
    return text;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

json_t *json_u64(uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)value);
    return need(json_string(text));
}

json_t *json_hex(const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = bytes;
    char *text = need(malloc(size * 2 + 1));
    for (size_t i = 0; i < size; i++) {
        text[i * 2] = digits[in[i] >> 4];
        text[i * 2 + 1] = digits[in[i] & 15];
    }
    json_t *value = need(json_stringn_nocheck(text, size * 2));
    free(text);
    return value;
}

json_t *json_text_n(const char *text, size_t length)
{
    json_t *value = json_stringn(text, length);
    if (value)
        return value;
    char *ascii = need(malloc(length + 1));
    for (size_t i = 0; i < length; i++)
        ascii[i] = (signed char)text[i] > 0 ? text[i] : '?';
    value = need(json_stringn_nocheck(ascii, length));
    free(ascii);
    return value;
}

json_t *json_text(const char *text)
{
    return json_text_n(text ? text : "", text ? strlen(text) : 0);
}

json_t *json_error(const skep_error *error)
{
    char text[2048];
    size_t length = skep_error_json(error, text, sizeof text);
    json_t *value = length < sizeof text ? json_loads(text, 0, NULL) : NULL;
    if (value)
        return value;
    skep_error_text(error, text, sizeof text);
    return need(json_pack("{s:s, s:o}", "id", skep_error_id(error), "text", json_text(text)));
}

json_t *json_lines(const char *text)
{
    json_t *lines = need(json_array());
    while (*text) {
        size_t length = strcspn(text, "\n");
        append(lines, json_text_n(text, length));
        text += length + (text[length] == '\n');
    }
    return lines;
}

void set(json_t *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new_nocheck(object, key, value))
        need(NULL);
}

void append(json_t *array, json_t *value)
{
    if (!value || json_array_append_new(array, value))
        need(NULL);
}

const char *get_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

json_int_t get_int(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

void print_document(const char *command, json_t *results)
{
    json_t *document = need(json_pack("{s:s, s:o}", "command", command, "results", results));
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}

/* ---- text ---------------------------------------------------------------------------------- */

const char *colour(enum colour colour)
{
    static const char *const escapes[] = { "\033[0m",  "\033[1m",  "\033[31m",
                                           "\033[32m", "\033[33m", "\033[2m" };
    const char *refused = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(refused && *refused) ? escapes[colour] : "";
}

struct table {
    size_t n_columns, n_cells, room;
    const char *const *headers;
    char **cells;
};

struct table *table_new(size_t n_columns, const char *const *headers)
{
    struct table *table = need(calloc(1, sizeof *table));
    *table = (struct table){ .n_columns = n_columns, .headers = headers };
    return table;
}

static void table_take(struct table *table, char *cell)
{
    if (table->n_cells == table->room) {
        table->room = table->room ? table->room * 2 : 64;
        table->cells = need(realloc(table->cells, table->room * sizeof *table->cells));
    }
    table->cells[table->n_cells++] = cell;
}

void table_cell(struct table *table, const char *text) { table_take(table, need(strdup(text))); }

void table_cell_f(struct table *table, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    table_take(table, format_new_v(format, list));
    va_end(list);
}

/* Columns on the screen: bytes that do not continue a UTF-8 sequence. */
static size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static bool header_is_right(const char *header) { return header[0] == '>'; }
static const char *header_text(const char *header) { return header + header_is_right(header); }

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = text_width(header_text(table->headers[column]));
    for (size_t i = column; i < table->n_cells; i += table->n_columns) {
        size_t cell = text_width(table->cells[i]);
        if (cell > width)
            width = cell;
    }
    return width;
}

static void print_padded(const char *text, size_t width, bool right, bool last)
{
    size_t length = text_width(text);
    int pad = (int)(width > length ? width - length : 0);
    if (right)
        printf("%*s%s", pad, "", text);
    else
        printf("%s%*s", text, last ? 0 : pad, "");
}

static void table_line(const struct table *table, const size_t *widths, const char *const *cells,
                       bool is_header)
{
    size_t end = table->n_columns;
    while (end > 0 && !*cells[end - 1])
        end--;
    for (size_t i = 0; i < end; i++) {
        bool right = header_is_right(table->headers[i]);
        const char *text = is_header ? header_text(cells[i]) : cells[i];
        print_padded(text, widths[i], right, i + 1 == end);
        if (i + 1 < end)
            fputs("  ", stdout);
    }
}

void table_print(struct table *table, const char *indent)
{
    size_t *widths = need(calloc(table->n_columns, sizeof *widths));
    for (size_t i = 0; i < table->n_columns; i++)
        widths[i] = column_width(table, i);
    printf("%s%s", indent, colour(BOLD));
    table_line(table, widths, table->headers, true);
    printf("%s\n", colour(PLAIN));
    for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns) {
        fputs(indent, stdout);
        table_line(table, widths, (const char *const *)&table->cells[i], false);
        putchar('\n');
    }
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
    free(widths);
    free(table);
}

/* ---- progress ------------------------------------------------------------------------------ */

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
uint64_t cpu_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

struct progress progress_start(const char *what)
{
    uint64_t now = now_ns();
    return (struct progress){ .what = what, .start_ns = now, .last_ns = now };
}

void progress_step(struct progress *progress, uint64_t done, uint64_t total)
{
    uint64_t now = now_ns();
    if (now - progress->start_ns < 1000000000u || now - progress->last_ns < 200000000u)
        return;
    progress->last_ns = now;
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%s: %llu", progress->what, (unsigned long long)done);
    if (total)
        fprintf(stderr, " of %llu", (unsigned long long)total);
    fputs("\033[K", stderr);
    progress->shown = true;
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
}
