/* Error reports: filling them, and rendering them from the table in diags.h.
 *
 * A report holds no pointers, so that it can be copied and outlive what it tells about: strings are
 * copied into its pool.  n_args holds the count in its low byte and, in its high byte, a bit per
 * argument that says whether it is a string. */
#include "base/diag.h"

#include "base/text.h"

struct diag_row {
    const char *name;
    const char *text;
    const char *advice; /* "": none */
};

static const struct diag_row diag_rows[] = {
    [DIAG_NONE] = { "", "", "" },
#define DIAG_ROW(name, text, advice, ...)                                                          \
    {                                                                                              \
        name, text, advice                                                                         \
    }
#define DIAG(id, ...) [DIAG_##id] = DIAG_ROW(__VA_ARGS__, "", ),
#include "base/diags.h"
#undef DIAG
#undef DIAG_ROW
};
_Static_assert(SKEP_ERROR_ARGS <= 8, "one bit per argument in a byte");
_Static_assert(SKEP_ERROR_POOL <= UINT16_MAX, "pool_used counts the pool");

static unsigned diag_n_args(const skep_error *err)
{
    unsigned n = err->n_args & 0xff;
    return n < SKEP_ERROR_ARGS ? n : SKEP_ERROR_ARGS;
}

static bool diag_arg_is_string(const skep_error *err, unsigned i)
{
    return err->n_args >> (8 + i) & 1;
}

static const struct diag_row *diag_row(const skep_error *err)
{
    return &diag_rows[err && err->id < DIAG_COUNT ? err->id : DIAG_NONE];
}

/* Raising */

/* Copies at most limit - 1 characters; a longer string ends in dots. */
static u64 diag_pool_add(skep_error *err, const char *string, size_t limit)
{
    size_t length = strlen(string);
    size_t kept = length < limit ? length : limit - 1;
    u64 offset = err->pool_used;
    char *to = err->pool + err->pool_used;
    memcpy(to, string, kept);
    if (kept < length)
        memset(to + (kept < 3 ? 0 : kept - 3), '.', kept < 3 ? kept : 3);
    to[kept] = 0;
    err->pool_used = (uint16_t)(err->pool_used + kept + 1);
    return offset;
}

/* A string may take an even share of what the pool still has, so that a long first one leaves room
 * for those that follow. */
static void diag_add_arg(skep_error *err, unsigned i, unsigned n_args, struct diag_arg arg)
{
    if (!arg.is_string) {
        err->args[i] = arg.number;
        return;
    }
    size_t share = (size_t)(SKEP_ERROR_POOL - err->pool_used) / (n_args - i);
    err->args[i] = diag_pool_add(err, arg.string ? arg.string : "?", share);
    err->n_args = (uint16_t)(err->n_args | 1u << (8 + i));
}

skep_status diag_raise(skep_error *err, skep_status status, enum diag_id id, unsigned n_args,
                       const struct diag_arg *args)
{
    assert(n_args <= SKEP_ERROR_ARGS);
    if (!err || err->id != DIAG_NONE)
        return status;
    *err = (skep_error){ .id = (uint32_t)id, .n_args = (uint16_t)n_args };
    for (unsigned i = 0; i < n_args; i++)
        diag_add_arg(err, i, n_args, args[i]);
    return status;
}

/* Rendering */

/* One step through a row's text: the plain part before the next placeholder, and that one. */
struct diag_piece {
    const char *plain, *name, *rest;
    size_t n_plain, n_name;
    char form; /* 'x', 'd' (signed), 't' (see diag.h) or 0 */
};

static struct diag_piece diag_next_piece(const char *text)
{
    const char *open = strchr(text, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    if (!close)
        return (struct diag_piece){ .plain = text, .n_plain = strlen(text) };
    const char *colon = memchr(open, ':', (size_t)(close - open));
    return (struct diag_piece){
        .plain = text,
        .n_plain = (size_t)(open - text),
        .name = open + 1,
        .n_name = (size_t)((colon ? colon : close) - (open + 1)),
        .form = colon ? colon[1] : 0,
        .rest = close + 1,
    };
}

static void diag_write_number(struct text *out, u64 number, char form)
{
    if (form == 'x')
        text_printf(out, "0x%" PRIx64, number);
    else if (form == 'd' || form == 't')
        text_printf(out, "%" PRId64, (s64)number);
    else
        text_printf(out, "%" PRIu64, number);
}

static void diag_write_escaped(struct text *out, const char *s)
{
    for (; *s; s++)
        if ((u8)*s >= 0x20 && (u8)*s < 0x7f)
            text_char(out, *s);
        else
            text_printf(out, "\\x%02x", (unsigned)(u8)*s);
}

static const char *diag_arg_string(const skep_error *err, unsigned i)
{
    u64 offset = err->args[i];
    return offset < SKEP_ERROR_POOL ? err->pool + offset : "";
}

/* " to N", unless N is the number before it. */
static void diag_write_to(struct text *out, const skep_error *err, unsigned i)
{
    if (i > 0 && err->args[i] != err->args[i - 1])
        text_printf(out, " to %" PRId64, (s64)err->args[i]);
}

static void diag_write_arg(struct text *out, const skep_error *err, unsigned i, char form)
{
    if (i >= diag_n_args(err))
        text_char(out, '?');
    else if (diag_arg_is_string(err, i))
        diag_write_escaped(out, diag_arg_string(err, i));
    else if (form == 't')
        diag_write_to(out, err, i);
    else
        diag_write_number(out, err->args[i], form);
}

static void diag_write_text(struct text *out, const skep_error *err)
{
    unsigned i = 0;
    for (const char *text = diag_row(err)->text; text;) {
        struct diag_piece piece = diag_next_piece(text);
        text_bytes(out, piece.plain, piece.n_plain);
        if (piece.name)
            diag_write_arg(out, err, i++, piece.form);
        text = piece.rest;
    }
}

/* Hexadecimal numbers are 64-bit values and go out as strings, since JSON readers keep 53 bits. */
static void diag_write_json_value(struct text *out, const skep_error *err, unsigned i, char form)
{
    if (diag_arg_is_string(err, i)) {
        text_json_string(out, diag_arg_string(err, i));
        return;
    }
    const char *quote = form == 'x' ? "\"" : "";
    text_string(out, quote);
    diag_write_number(out, err->args[i], form);
    text_string(out, quote);
}

static void diag_write_json_args(struct text *out, const skep_error *err)
{
    unsigned i = 0;
    for (const char *text = diag_row(err)->text; text && i < diag_n_args(err); i++) {
        struct diag_piece piece = diag_next_piece(text);
        if (!piece.name)
            return;
        text_string(out, ", \"");
        text_bytes(out, piece.name, piece.n_name);
        text_string(out, "\": ");
        diag_write_json_value(out, err, i, piece.form);
        text = piece.rest;
    }
}

const char *diag_advice(const skep_error *error) { return diag_row(error)->advice; }

const char *skep_error_id(const skep_error *error) { return diag_row(error)->name; }

size_t skep_error_text(const skep_error *error, char *out, size_t size)
{
    struct text text;
    text_init_fixed(&text, out, size);
    diag_write_text(&text, error);
    return text.length;
}

/* The longest text: the row's own, and every byte of the pool escaped to four characters. */
enum { DIAG_TEXT_MAX = 1024 + 4 * SKEP_ERROR_POOL };

size_t skep_error_json(const skep_error *error, char *out, size_t size)
{
    char line[DIAG_TEXT_MAX];
    skep_error_text(error, line, sizeof(line));
    struct text text;
    text_init_fixed(&text, out, size);
    text_printf(&text, "{\"id\": \"%s\", \"text\": ", skep_error_id(error));
    text_json_string(&text, line);
    if (error)
        diag_write_json_args(&text, error);
    text_char(&text, '}');
    return text.length;
}
