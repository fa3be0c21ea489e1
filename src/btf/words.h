/* How types lie in the words of a struct btf; inside btf/ only.
 *
 * A type is three words — name offset, info, size or type id — and what its kind adds. */
#ifndef SKEP_SRC_BTF_WORDS_H
#define SKEP_SRC_BTF_WORDS_H

#include "btf/btf.h"

enum btf_third { BTF_THIRD_UNUSED, BTF_THIRD_SIZE, BTF_THIRD_TYPE, BTF_THIRD_MODIFIES };
enum btf_has_data { BTF_HAS_NO_DATA, BTF_HAS_DATA };

struct btf_kind_row {
    const char *name;
    u8 extra_words, member_words;
    u8 third; /* enum btf_third */
    bool is_data;
};
extern const struct btf_kind_row btf_kind_rows[BTF_KIND_COUNT];

#define BTF_INFO_RESERVED 0x60ff0000u

static inline u32 btf_info_vlen(u32 info) { return info & 0xffff; }
static inline u32 btf_info_kind(u32 info) { return info >> 24 & 0x1f; }
static inline bool btf_info_flag(u32 info) { return info >> 31; }

static inline bool btf_third_is_type(const struct btf_kind_row *row)
{
    return row->third == BTF_THIRD_TYPE || row->third == BTF_THIRD_MODIFIES;
}

/* Words that a type of this info takes; 0 when the kind is unknown or reserved bits are set. */
u64 btf_words_of_info(u32 info);

/* The BTF, of a chain of bases, that holds an id. */
static inline const struct btf *btf_owner(const struct btf *btf, u32 id)
{
    while (id < btf->first_id)
        btf = btf->base;
    return btf;
}

/* id ≠ 0 has words; the first three always exist. */
static inline const u32 *btf_words(const struct btf *btf, u32 id)
{
    const struct btf *own = btf_owner(btf, id);
    return own->words + own->start[id - own->first_id];
}

/* The words of the i-th member of a kind that has members, or (i = 0) the extra words. */
static inline const u32 *btf_tail_words(const struct btf *btf, u32 id, u32 i)
{
    const u32 *words = btf_words(btf, id);
    return words + 3 + (u64)i * btf_kind_rows[btf_info_kind(words[1])].member_words;
}

/* Checks every own type and fills size and resolved; what parse.c calls once start[] is known. */
skep_status btf_check(struct btf *btf, struct mem *mem, skep_error *err);

#endif
