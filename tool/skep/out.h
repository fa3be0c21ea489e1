/* What the command says: results on standard output, as text or as one JSON document; errors and
 * progress, a line each, on standard error.
 *
 * Results are built as JSON values once; the text is a rendering of the same values, so that the
 * two cannot disagree. */
#ifndef SKEP_TOOL_OUT_H
#define SKEP_TOOL_OUT_H

#include "command.h"

#include <jansson.h>
#include <skep/skep.h>
#include <stdarg.h>

#define PRINTF_LIKE(n, first) __attribute__((format(printf, n, first)))

/* "skep: …" on standard error.  say_usage returns STATUS_USAGE, say_no STATUS_NO. */
int say_usage(const char *format, ...) PRINTF_LIKE(1, 2);
int say_no(const char *format, ...) PRINTF_LIKE(1, 2);
void say_note(const char *format, ...) PRINTF_LIKE(1, 2);
/* What a library call reported about `what`: STATUS_NO for what is refused or not supported, else
 * STATUS_USAGE. */
int say_error(const char *what, skep_status status, const skep_error *error);

/* A block that must exist; ends the command when memory is out. */
void *need(void *block);
char *format_new(const char *format, ...) PRINTF_LIKE(1, 2); /* free() it */

/* ---- JSON ---------------------------------------------------------------------------------- */

json_t *json_u64(uint64_t value); /* "0x…" */
json_t *json_hex(const void *bytes, size_t size);
json_t *json_error(const skep_error *error);
/* Text that may not be UTF-8: bytes that are not become '?'. */
json_t *json_text(const char *text);
json_t *json_text_n(const char *text, size_t length);
/* Each line of a text. */
json_t *json_lines(const char *text);
/* Sets a key, appends to an array, and takes the value. */
void append(json_t *array, json_t *value);
void set(json_t *object, const char *key, json_t *value);
const char *get_text(const json_t *object, const char *key); /* "" when there is none */
json_int_t get_int(const json_t *object, const char *key);   /* 0 when there is none */

/* ---- the document -------------------------------------------------------------------------- */

/* Prints {"command": …, "results": […]} and drops results. */
void print_document(const char *command, json_t *results);

/* ---- text ---------------------------------------------------------------------------------- */

enum colour { PLAIN, BOLD, RED, GREEN, YELLOW, DIM };
/* The escape that begins, and PLAIN that ends, a colour; "" unless standard output is a terminal
 * and NO_COLOR is unset. */
const char *colour(enum colour colour);

/* A table whose columns are as wide as they must be.  Headers that begin with > are of columns
 * aligned to the right. */
struct table;
struct table *table_new(size_t n_columns, const char *const *headers);
/* Adds a cell; the text is copied. */
void table_cell(struct table *table, const char *text);
void table_cell_f(struct table *table, const char *format, ...) PRINTF_LIKE(2, 3);
/* Prints each line after the indent, without trailing blanks, and frees the table. */
void table_print(struct table *table, const char *indent);

/* ---- progress ------------------------------------------------------------------------------ */

/* A line on standard error that is rewritten, from the second second on, when that is a terminal.
 * total 0: not known. */
struct progress {
    const char *what;
    uint64_t start_ns, last_ns;
    bool shown;
};
uint64_t now_ns(void);
/* Processor time of this thread: what other processes take does not count. */
uint64_t cpu_ns(void);
struct progress progress_start(const char *what);
void progress_step(struct progress *progress, uint64_t done, uint64_t total);
void progress_end(struct progress *progress);

#endif
