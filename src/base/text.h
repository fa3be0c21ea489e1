/* A growing string.  A failed allocation marks the text as failed and drops what follows, so that
 * a writer checks once, at the end. */
#ifndef SKEP_SRC_BASE_TEXT_H
#define SKEP_SRC_BASE_TEXT_H

#include "base/mem.h"

struct text {
    struct mem *mem; /* NULL: data is a fixed buffer of cap bytes; length counts on past it */
    char *data;
    size_t length, cap;
    bool failed;
};

void text_init(struct text *text, struct mem *mem);
/* Over a fixed buffer, snprintf-like. */
void text_init_fixed(struct text *text, char *buffer, size_t size);
void text_drop(struct text *text);
void text_char(struct text *text, char c);
void text_string(struct text *text, const char *s);
void text_bytes(struct text *text, const char *s, size_t n);
void text_printf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* A JSON string with its quotes. */
void text_json_string(struct text *text, const char *s);
/* Pads with blanks up to a column counted from the last newline. */
void text_pad_to(struct text *text, size_t column);
/* NUL-terminated; "" when failed or empty. */
const char *text_cstr(const struct text *text);

#endif
