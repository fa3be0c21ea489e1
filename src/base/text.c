/* The growing string.  data[length] is always 0 where data has room for it. */
#include "base/text.h"

#include <stdio.h>

void text_init(struct text *text, struct mem *mem) { *text = (struct text){ .mem = mem }; }

void text_init_fixed(struct text *text, char *buffer, size_t size)
{
    *text = (struct text){ .data = buffer, .cap = size };
    if (size)
        buffer[0] = 0;
}

void text_drop(struct text *text)
{
    if (text->mem)
        mem_free(text->mem, text->data, text->cap);
    *text = (struct text){ .mem = text->mem };
}

/* Makes room for n more characters and the final 0; on failure marks the text. */
static bool text_reserve(struct text *text, size_t n)
{
    if (text->failed)
        return false;
    u64 need;
    text->failed = !add_ok(text->length, n, &need) || need >= SIZE_MAX / 2;
    if (text->failed || need < text->cap)
        return !text->failed;
    size_t cap = (size_t)max_u64(max_u64(64, 2 * (u64)text->cap), need + 1);
    char *moved = mem_resize(text->mem, text->data, text->cap, cap);
    text->failed = !moved;
    if (!moved)
        return false;
    text->data = moved;
    text->cap = cap;
    return true;
}

static void text_fixed_bytes(struct text *text, const char *s, size_t n)
{
    if (text->length + 1 < text->cap) {
        size_t room = text->cap - 1 - text->length;
        size_t part = n < room ? n : room;
        memcpy(text->data + text->length, s, part);
        text->data[text->length + part] = 0;
    }
    text->length += n;
}

void text_bytes(struct text *text, const char *s, size_t n)
{
    if (n == 0)
        return;
    if (!text->mem) {
        text_fixed_bytes(text, s, n);
    } else if (text_reserve(text, n)) {
        memcpy(text->data + text->length, s, n);
        text->length += n;
        text->data[text->length] = 0;
    }
}

void text_char(struct text *text, char c) { text_bytes(text, &c, 1); }

void text_string(struct text *text, const char *s) { text_bytes(text, s, strlen(s)); }

static void text_fixed_vprintf(struct text *text, const char *format, va_list args)
{
    bool room = text->length + 1 < text->cap;
    int n = vsnprintf(room ? text->data + text->length : NULL, room ? text->cap - text->length : 0,
                      format, args);
    text->length += n > 0 ? (size_t)n : 0;
}

static void text_grow_vprintf(struct text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n > 0 && text_reserve(text, (size_t)n)) {
        vsnprintf(text->data + text->length, (size_t)n + 1, format, again);
        text->length += (size_t)n;
    }
    va_end(again);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (text->mem)
        text_grow_vprintf(text, format, args);
    else
        text_fixed_vprintf(text, format, args);
    va_end(args);
}

/* How many bytes the well-formed UTF-8 character at s takes (RFC 3629 §4); 0: it is not one. */
static size_t text_utf8_length(const u8 *s)
{
    static const struct {
        u8 first_lo, first_hi, second_lo, second_hi, length;
    } forms[] = {
        { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    if (s[0] < 0x80)
        return s[0] != 0;
    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        if (s[0] < forms[f].first_lo || s[0] > forms[f].first_hi)
            continue;
        if (s[1] < forms[f].second_lo || s[1] > forms[f].second_hi)
            return 0;
        for (size_t i = 2; i < forms[f].length; i++)
            if ((s[i] & 0xc0) != 0x80)
                return 0;
        return forms[f].length;
    }
    return 0;
}

static const char *text_json_short_escape(char c)
{
    static const struct {
        char c;
        const char *escape;
    } escapes[] = {
        { '"', "\\\"" }, { '\\', "\\\\" }, { '\n', "\\n" }, { '\r', "\\r" }, { '\t', "\\t" },
    };
    for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
        if (escapes[i].c == c)
            return escapes[i].escape;
    return NULL;
}

/* Writes one character and says how many bytes of s it took. */
static size_t text_json_char(struct text *text, const char *s)
{
    const char *escape = text_json_short_escape(*s);
    size_t length = text_utf8_length((const u8 *)s);
    if (escape)
        text_string(text, escape);
    else if ((u8)*s < 0x20 || *s == 0x7f)
        text_printf(text, "\\u%04x", (unsigned)(u8)*s);
    else if (length == 0)
        text_string(text, "\\ufffd");
    else
        text_bytes(text, s, length);
    return length ? length : 1;
}

void text_json_string(struct text *text, const char *s)
{
    text_char(text, '"');
    while (*s)
        s += text_json_char(text, s);
    text_char(text, '"');
}

static size_t text_column(const struct text *text)
{
    if (!text->data || text->cap == 0)
        return 0;
    size_t stored = text->length < text->cap ? text->length : text->cap - 1;
    size_t start = stored;
    while (start > 0 && text->data[start - 1] != '\n')
        start--;
    return text->length - start;
}

void text_pad_to(struct text *text, size_t column)
{
    for (size_t at = text_column(text); at < column && !text->failed; at++)
        text_char(text, ' ');
}

const char *text_cstr(const struct text *text)
{
    return text->failed || !text->data || text->cap == 0 ? "" : text->data;
}
