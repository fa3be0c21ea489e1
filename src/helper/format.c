/* printf for programs.  The language is the kernel's subset (bpf-helpers(7), bpf_trace_printk):
 *
 *   %[flags][width](d i u x X)      32 bits; with l or ll 64
 *   %c %%   %s %pks %pus            text, from an address
 *   %p %px %pK %ps %pS %pB          an address
 *   %pI4 %pi4 %pI6 %pi6             network addresses, from an address
 *
 * Format and arguments may be anything: a format is checked as a whole before a byte is printed. */
#include "helper/format.h"

#include "os/os.h"

#include <errno.h>

enum format_kind {
    FORMAT_SIGNED,
    FORMAT_UNSIGNED,
    FORMAT_HEX,
    FORMAT_POINTER,
    FORMAT_CHAR,
    FORMAT_STRING,
    FORMAT_IPV4,
    FORMAT_IPV6,
};

struct format_spec {
    enum format_kind kind;
    bool left, plus, blank, zeros;
    bool wide;        /* 64 bits */
    bool alternative; /* X, %pi4, %pi6 */
    u32 width;
};

/* Reading a format */

static bool format_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool format_is_digit(char c) { return c >= '0' && c <= '9'; }
static bool format_is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/* A specification must end here: nothing follows that could belong to it. */
static bool format_ends(char next)
{
    return next == 0 || format_is_space(next) || !(format_is_digit(next) || format_is_letter(next));
}

enum { FORMAT_MAX_WIDTH = 1023 };

static const char *format_read_width(const char *p, struct format_spec *spec)
{
    for (;; p++)
        if (*p == '0')
            spec->zeros = true;
        else if (*p == '+')
            spec->plus = true;
        else if (*p == '-')
            spec->left = true;
        else if (*p == ' ')
            spec->blank = true;
        else
            break;
    for (; format_is_digit(*p); p++)
        spec->width = min_u32(spec->width * 10 + (u32)(*p - '0'), FORMAT_MAX_WIDTH);
    return p;
}

static const char *format_read_number(const char *p, struct format_spec *spec)
{
    for (u32 i = 0; i < 2 && *p == 'l'; i++, p++)
        spec->wide = true;
    switch (*p) {
    case 'd':
    case 'i': spec->kind = FORMAT_SIGNED; break;
    case 'u': spec->kind = FORMAT_UNSIGNED; break;
    case 'X': spec->alternative = true; /* fall through */
    case 'x': spec->kind = FORMAT_HEX; break;
    default: return NULL;
    }
    return p + 1;
}

/* What follows "%p"; letters after a network address are ignored. */
static const char *format_read_pointer(const char *p, struct format_spec *spec)
{
    spec->kind = FORMAT_POINTER;
    if (format_ends(*p))
        return p;
    if ((*p == 'k' || *p == 'u') && p[1] == 's') {
        spec->kind = FORMAT_STRING;
        return format_ends(p[2]) ? p + 2 : NULL;
    }
    if (*p == 'K' || *p == 'x' || *p == 's' || *p == 'S' || *p == 'B')
        return p + 1;
    if ((*p != 'i' && *p != 'I') || (p[1] != '4' && p[1] != '6'))
        return NULL;
    spec->kind = p[1] == '4' ? FORMAT_IPV4 : FORMAT_IPV6;
    spec->alternative = *p == 'i';
    for (p += 2; format_is_digit(*p) || format_is_letter(*p);)
        p++;
    return p;
}

/* What follows a '%'.  NULL: not a specification that the kernel knows. */
static const char *format_read_spec(const char *p, struct format_spec *spec)
{
    *spec = (struct format_spec){ .kind = FORMAT_SIGNED };
    p = format_read_width(p, spec);
    switch (*p) {
    case 'p': return format_read_pointer(p + 1, spec);
    case 'c': spec->kind = FORMAT_CHAR; return p + 1;
    case 's': spec->kind = FORMAT_STRING; return format_ends(p[1]) ? p + 1 : NULL;
    default: return format_read_number(p, spec);
    }
}

static bool format_is_sound(const char *p, u32 n_args)
{
    struct format_spec spec;
    u32 used = 0;
    while (*p) {
        bool printable = *p >= ' ' && *p <= '~';
        if (!printable && !format_is_space(*p))
            return false;
        if (*p++ != '%')
            continue;
        if (*p == '%') {
            p++;
            continue;
        }
        if (used++ == n_args || !(p = format_read_spec(p, &spec)))
            return false;
    }
    return true;
}

/* Writing */

static void format_pad(struct text *out, char with, u32 width, size_t length)
{
    for (size_t i = length; i < width; i++)
        text_char(out, with);
}

static void format_field(struct text *out, const struct format_spec *spec, const char *s, size_t n)
{
    if (!spec->left)
        format_pad(out, ' ', spec->width, n);
    text_bytes(out, s, n);
    if (spec->left)
        format_pad(out, ' ', spec->width, n);
}

static const char *format_sign(const struct format_spec *spec, bool negative)
{
    if (spec->kind != FORMAT_SIGNED)
        return "";
    return negative ? "-" : spec->plus ? "+" : spec->blank ? " " : "";
}

/* Zeros go between the sign and the digits. */
static void format_digits(struct text *out, const struct format_spec *spec, u64 magnitude,
                          bool negative)
{
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    const char *digits = spec->alternative ? upper : lower;
    u32 base = spec->kind == FORMAT_HEX ? 16 : 10;
    char buffer[24];
    char *first = buffer + sizeof(buffer);
    do
        *--first = digits[magnitude % base];
    while (magnitude /= base);
    size_t n = (size_t)(buffer + sizeof(buffer) - first);
    const char *sign = format_sign(spec, negative);
    size_t length = n + strlen(sign);
    if (!spec->left && !spec->zeros)
        format_pad(out, ' ', spec->width, length);
    text_string(out, sign);
    if (!spec->left && spec->zeros)
        format_pad(out, '0', spec->width, length);
    text_bytes(out, first, n);
    if (spec->left)
        format_pad(out, ' ', spec->width, length);
}

static void format_number(struct text *out, const struct format_spec *spec, u64 value)
{
    if (spec->kind != FORMAT_SIGNED) {
        format_digits(out, spec, spec->wide ? value : (u32)value, false);
        return;
    }
    s64 number = spec->wide ? (s64)value : (s32)value;
    format_digits(out, spec, number < 0 ? 0 - (u64)number : (u64)number, number < 0);
}

static void format_pointer(struct text *out, const struct format_spec *spec, u64 value)
{
    char digits[17];
    struct text hex;
    text_init_fixed(&hex, digits, sizeof(digits));
    text_printf(&hex, "%016" PRIx64, value);
    format_field(out, spec, digits, sizeof(digits) - 1);
}

/* In pieces, since a string may lie at the end of what can be read. */
static void format_string(struct text *out, const struct format_spec *spec, u64 address)
{
    enum { FORMAT_PIECE = 64 };
    char string[512];
    size_t n = 0;
    while (n < sizeof(string)) {
        size_t piece = min_u64(sizeof(string) - n, FORMAT_PIECE - (address + n) % FORMAT_PIECE);
        size_t got = os_safe_copy(string + n, address + n, piece);
        const char *end = memchr(string + n, 0, got);
        n = end ? (size_t)(end - string) : n + got;
        if (end || got < piece)
            break;
    }
    format_field(out, spec, string, n);
}

static void format_ipv4(struct text *out, const u8 *ip, bool padded)
{
    if (padded)
        text_printf(out, "%03u.%03u.%03u.%03u", ip[0], ip[1], ip[2], ip[3]);
    else
        text_printf(out, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
}

static void format_ipv6(struct text *out, const u8 *ip, bool plain)
{
    for (u32 i = 0; i < 16; i += 2)
        text_printf(out, "%s%02x%02x", i && !plain ? ":" : "", ip[i], ip[i + 1]);
}

static void format_network(struct text *out, const struct format_spec *spec, u64 address)
{
    u8 ip[16];
    char buffer[48];
    struct text text;
    size_t size = spec->kind == FORMAT_IPV4 ? 4 : 16;
    if (os_safe_copy(ip, address, size) != size)
        memset(ip, 0, size);
    text_init_fixed(&text, buffer, sizeof(buffer));
    if (spec->kind == FORMAT_IPV4)
        format_ipv4(&text, ip, spec->alternative);
    else
        format_ipv6(&text, ip, spec->alternative);
    format_field(out, spec, buffer, text.length);
}

static void format_value(struct text *out, const struct format_spec *spec, u64 value)
{
    char c = (char)value;
    switch (spec->kind) {
    case FORMAT_SIGNED:
    case FORMAT_UNSIGNED:
    case FORMAT_HEX: format_number(out, spec, value); return;
    case FORMAT_POINTER: format_pointer(out, spec, value); return;
    case FORMAT_CHAR: format_field(out, spec, &c, 1); return;
    case FORMAT_STRING: format_string(out, spec, value); return;
    case FORMAT_IPV4:
    case FORMAT_IPV6: format_network(out, spec, value); return;
    }
}

s64 format_print(char *out, size_t size, const char *fmt, size_t fmt_size, const u64 *args,
                 u32 n_args)
{
    struct text text;
    struct format_spec spec;
    if (!memchr(fmt, 0, fmt_size) || !format_is_sound(fmt, n_args))
        return -EINVAL;
    text_init_fixed(&text, out, size);
    for (const char *p = fmt; *p;)
        if (*p != '%') {
            text_char(&text, *p++);
        } else if (p[1] == '%') {
            text_char(&text, '%');
            p += 2;
        } else {
            p = format_read_spec(p + 1, &spec);
            format_value(&text, &spec, *args++);
        }
    return (s64)text.length;
}
