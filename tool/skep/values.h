/* Values as people write them, turned into the bytes that maps, contexts and variables hold.
 * Numbers become little-endian, addresses network order, as BPF programs on a little-endian host
 * see them. */
#ifndef SKEP_TOOL_VALUES_H
#define SKEP_TOOL_VALUES_H

#include <skep/isa.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_buffer {
    uint8_t *data;
    size_t size;
};

/* Hex digits, pairs, with any of blank, newline, comma, colon between them and 0x before them; a #
 * begins a comment.  data is malloc'ed. */
bool hex_parse(const char *text, size_t length, struct bytes_buffer *out);

/* A whole file, or standard input for "-"; a NUL follows the last byte.  false: errno says why. */
bool file_read(const char *path, struct bytes_buffer *out);

/* Bytes given as HEX or as @FILE, whose contents are taken as they are.  false: said on stderr. */
bool data_parse(const char *text, struct bytes_buffer *out);

/* A number, decimal or 0x, possibly negative, that fits size (1, 2, 4 or 8) bytes. */
bool number_parse(const char *text, size_t size, uint64_t *out);
void number_store(uint64_t value, size_t size, uint8_t *out);
uint64_t number_load(const uint8_t *in, size_t size);

/* One value of exactly `size` bytes; see the text of skep help run, MAP VALUES.  prefix: the bytes
 * are a key of an LPM trie, and ADDRESS/BITS is meant.  false: *why says what is wrong. */
bool value_parse(const char *text, size_t size, bool prefix, uint8_t *out, const char **why);

/* n slots as they lie in a little-endian file, to and from the library's struct. */
void insns_load(const uint8_t *bytes, size_t n, skep_insn *out);
void insns_store(const skep_insn *insns, size_t n, uint8_t *out);

#endif
