/* Text to bytes: hex, files, numbers, addresses, lists of them. */
#include "values.h"
#include "out.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* How many characters at text are no digits but may stand between bytes. */
static size_t hex_blank(const char *text, size_t length)
{
    if (text[0] == '#') {
        const char *end = memchr(text, '\n', length);
        return end ? (size_t)(end - text) : length;
    }
    if (length >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x')
        return 2;
    return isspace((unsigned char)text[0]) || text[0] == ',' || text[0] == ':';
}

bool hex_parse(const char *text, size_t length, struct bytes_buffer *out)
{
    uint8_t *data = need(malloc(length / 2 + 1));
    size_t size = 0, at = 0;
    while (at < length) {
        size_t blank = hex_blank(text + at, length - at);
        int high = blank ? 0 : hex_digit(text[at]);
        int low = blank || at + 1 >= length ? -1 : hex_digit(text[at + 1]);
        if (!blank && (high < 0 || low < 0)) {
            free(data);
            return false;
        }
        if (!blank)
            data[size++] = (uint8_t)(high << 4 | low);
        at += blank ? blank : 2;
    }
    *out = (struct bytes_buffer){ data, size };
    return true;
}

static bool stream_read(FILE *file, struct bytes_buffer *out)
{
    size_t room = 1 << 16, size = 0;
    uint8_t *data = need(malloc(room));
    size_t n;
    while ((n = fread(data + size, 1, room - size - 1, file)) > 0) {
        size += n;
        if (room - size < 2)
            data = need(realloc(data, room *= 2));
    }
    if (ferror(file)) {
        free(data);
        return false;
    }
    data[size] = 0;
    *out = (struct bytes_buffer){ data, size };
    return true;
}

bool file_read(const char *path, struct bytes_buffer *out)
{
    bool standard = !strcmp(path, "-");
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file)
        return false;
    bool ok = stream_read(file, out);
    int error = errno;
    if (!standard)
        fclose(file);
    errno = error;
    return ok;
}

bool data_parse(const char *text, struct bytes_buffer *out)
{
    if (text[0] == '@') {
        if (!file_read(text + 1, out))
            return say_usage("%s: %s", text + 1, strerror(errno)), false;
        return true;
    }
    if (!hex_parse(text, strlen(text), out))
        return say_usage("%s is no string of hex bytes (a file is @FILE)", text), false;
    return true;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static bool number_fits(uint64_t value, bool negative, size_t size)
{
    uint64_t top = UINT64_C(1) << (size * 8 - 1);
    if (negative)
        return value <= top;
    return size == 8 || value < top << 1;
}

bool number_parse(const char *text, size_t size, uint64_t *out)
{
    bool negative = text[0] == '-';
    const char *digits = text + negative;
    if (!isdigit((unsigned char)digits[0]))
        return false;
    char *end;
    errno = 0;
    bool hex = digits[0] == '0' && (digits[1] | 0x20) == 'x';
    uint64_t value = strtoull(digits, &end, hex ? 16 : 10);
    if (errno || *end || !number_fits(value, negative, size))
        return false;
    *out = negative ? 0 - value : value;
    return true;
}

void number_store(uint64_t value, size_t size, uint8_t *out)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

uint64_t number_load(const uint8_t *in, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | in[i];
    return value;
}

void insns_load(const uint8_t *bytes, size_t n, skep_insn *out)
{
    for (size_t i = 0; i < n; i++, bytes += 8)
        out[i] = (skep_insn){ .opcode = bytes[0],
                              .registers = bytes[1],
                              .offset = (int16_t)number_load(bytes + 2, 2),
                              .imm = (int32_t)number_load(bytes + 4, 4) };
}

void insns_store(const skep_insn *insns, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++, out += 8) {
        out[0] = insns[i].opcode;
        out[1] = insns[i].registers;
        number_store((uint16_t)insns[i].offset, 2, out + 2);
        number_store((uint32_t)insns[i].imm, 4, out + 4);
    }
}

/* ---- elements of a value ------------------------------------------------------------------- */

/* The width that a suffix gives a number: 443be16, 5u8.  0: it has none. */
static size_t number_suffix(const char *text, size_t *length, bool *big_endian)
{
    static const struct {
        const char *text;
        size_t size;
        bool big_endian;
    } suffixes[] = { { "u8", 1, false },  { "u16", 2, false }, { "u32", 4, false },
                     { "u64", 8, false }, { "be16", 2, true }, { "be32", 4, true },
                     { "be64", 8, true } };
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t n = strlen(suffixes[i].text);
        /* After 0x, the b and e of be16 would be digits: such a number takes u or nothing. */
        bool digits_too = suffixes[i].big_endian && (text[1] | 0x20) == 'x';
        if (*length > n && !digits_too && !strcmp(text + *length - n, suffixes[i].text)) {
            *length -= n;
            *big_endian = suffixes[i].big_endian;
            return suffixes[i].size;
        }
    }
    return 0;
}

static void bytes_reverse(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = byte;
    }
}

/* A number that says its own width. */
static size_t element_sized_number(const char *text, size_t room, uint8_t *out)
{
    char digits[40];
    size_t length = strlen(text);
    bool big_endian = false;
    size_t size = length < sizeof digits ? number_suffix(text, &length, &big_endian) : 0;
    uint64_t value;
    if (!size || size > room)
        return 0;
    memcpy(digits, text, length);
    digits[length] = 0;
    if (!number_parse(digits, size, &value))
        return 0;
    number_store(value, size, out);
    if (big_endian)
        bytes_reverse(out, size);
    return size;
}

static size_t element_address(const char *text, size_t room, uint8_t *out)
{
    if (room >= 4 && inet_pton(AF_INET, text, out) == 1)
        return 4;
    if (room >= 16 && inet_pton(AF_INET6, text, out) == 1)
        return 16;
    return 0;
}

/* Pairs of digits joined by colons (a MAC address), or after "hex:". */
static size_t element_bytes(const char *text, size_t room, uint8_t *out)
{
    bool marked = !strncmp(text, "hex:", 4);
    bool joined = strlen(text) >= 5 && text[2] == ':';
    struct bytes_buffer bytes;
    if (!(marked || joined) ||
        !hex_parse(text + (marked ? 4 : 0), strlen(text + (marked ? 4 : 0)), &bytes))
        return 0;
    size_t size = bytes.size <= room ? bytes.size : 0;
    memcpy(out, bytes.data, size);
    free(bytes.data);
    return size;
}

/* What an element's own spelling says about its width; 0: nothing. */
static size_t element_own(const char *text, size_t room, uint8_t *out)
{
    size_t size = element_sized_number(text, room, out);
    if (!size && strchr(text, '.'))
        size = element_address(text, room, out);
    if (!size)
        size = element_bytes(text, room, out);
    if (!size)
        size = element_address(text, room, out);
    return size;
}

/* ---- values -------------------------------------------------------------------------------- */

static bool value_prefix(const char *text, size_t size, uint8_t *out)
{
    char address[64];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    uint64_t bits = (size - 4) * 8;
    if (size < 5 || length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = 0;
    if (slash && (!number_parse(slash + 1, 4, &bits) || bits > (size - 4) * 8))
        return false;
    int family = size == 8 ? AF_INET : AF_INET6;
    if ((size != 8 && size != 20) || inet_pton(family, address, out + 4) != 1)
        return false;
    number_store(bits, 4, out);
    return true;
}

static bool value_string(const char *text, size_t size, uint8_t *out)
{
    size_t length = strlen(text);
    if (length < 2 || text[0] != '"' || text[length - 1] != '"' || length - 2 > size)
        return false;
    memset(out, 0, size);
    memcpy(out, text + 1, length - 2);
    return true;
}

static bool value_hex(const char *text, size_t size, uint8_t *out)
{
    struct bytes_buffer bytes;
    if (!hex_parse(text, strlen(text), &bytes))
        return false;
    bool exact = bytes.size == size;
    if (exact)
        memcpy(out, bytes.data, size);
    free(bytes.data);
    return exact;
}

/* A list: elements that do not say their width share what is left evenly. */
struct value_list {
    char *text;
    size_t n, n_plain, sized; /* sized: bytes of those that say it */
};

static struct value_list list_split(const char *text, size_t size)
{
    struct value_list list = { .text = need(strdup(text)) };
    uint8_t *scratch = need(malloc(size + 16));
    char *save = NULL;
    for (char *word = strtok_r(list.text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        size_t own = element_own(word, size, scratch);
        list.n++;
        list.n_plain += own == 0;
        list.sized += own;
    }
    free(scratch);
    free(list.text);
    list.text = need(strdup(text));
    return list;
}

static bool list_store(struct value_list *list, size_t width, size_t size, uint8_t *out)
{
    char *save = NULL;
    size_t at = 0;
    for (char *word = strtok_r(list->text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        uint64_t number;
        size_t own = element_own(word, size - at, out + at);
        if (!own && (size - at < width || !number_parse(word, width, &number)))
            return false;
        if (!own)
            number_store(number, width, out + at);
        at += own ? own : width;
    }
    return at == size;
}

static bool is_width(size_t width) { return width == 1 || width == 2 || width == 4 || width == 8; }

static bool value_list(const char *text, size_t size, uint8_t *out)
{
    struct value_list list = list_split(text, size);
    size_t left = list.sized <= size ? size - list.sized : 0;
    size_t width = list.n_plain ? left / list.n_plain : 0;
    bool ok = list.n > 0 && width * list.n_plain + list.sized == size &&
              (list.n_plain == 0 || is_width(width)) && list_store(&list, width, size, out);
    free(list.text);
    return ok;
}

/* A number for a value of an odd width: its bytes, and zeros. */
static bool value_wide_number(const char *text, size_t size, uint8_t *out)
{
    uint64_t number;
    if (text[0] == '-' || !number_parse(text, 8, &number))
        return false;
    if (size < 8 && number >> (8 * size))
        return false;
    memset(out, 0, size);
    number_store(number, size < 8 ? size : 8, out);
    return true;
}

bool value_parse(const char *text, size_t size, bool prefix, uint8_t *out, const char **why)
{
    *why = "it is no number, address, list or string of hex bytes of that size";
    if (prefix && value_prefix(text, size, out))
        return true;
    if (value_string(text, size, out) || value_list(text, size, out))
        return true;
    return value_hex(text, size, out) || value_wide_number(text, size, out);
}
