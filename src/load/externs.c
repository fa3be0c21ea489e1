/* Pass: what the object expects from elsewhere: undefined symbols; and .kconfig as a map.
 *
 * The data sections ".kconfig" and ".ksyms" of the type information (libbpf's __kconfig and __ksym)
 * say what kind an extern is.  Values of .kconfig come from the options, a few from here; one that
 * is missing is zero if it is weak, else the programs that use it do not link.
 *
 * Needs: types, symbols.  Gives: o->externs, o->extern_of, a map with origin MAP_FROM_KCONFIG. */
#include "load/object.h"

#define LOAD_KCONFIG_MAX 65536u

/* What programs are told when nobody says otherwise: the Linux whose semantics Skep has. */
/* clang-format off */
static const struct load_kconfig load_kconfig_defaults[] = {
    { "LINUX_KERNEL_VERSION",      "0x60c00" }, /* 6.12.0 */
    { "LINUX_HAS_BPF_COOKIE",      "y" },
    { "LINUX_HAS_SYSCALL_WRAPPER", "y" },
};
/* clang-format on */

static const char *load_kconfig_in(const struct load_kconfig *values, u32 n, const char *name)
{
    for (u32 i = 0; i < n; i++)
        if (!strcmp(values[i].name, name))
            return values[i].value;
    return NULL;
}

static const char *load_kconfig_value(const struct object *o, const char *name)
{
    const struct load_options *options = o->options;
    const char *value = NULL;
    if (options)
        value = load_kconfig_in(options->kconfig, options->n_kconfig, name);
    return value ? value
                 : load_kconfig_in(load_kconfig_defaults, ARRAY_LEN(load_kconfig_defaults), name);
}

/* Undefined symbols -------------------------------------------------------------------------------
 */

static skep_status load_add_externs(struct object *o, skep_error *err)
{
    o->extern_of = load_none_array(&o->arena, o->elf.n_symbols);
    if (!o->extern_of)
        return load_nomem(err, "externs");
    for (u32 i = 1; i < o->elf.n_symbols; i++) {
        struct elf_symbol symbol = elf_symbol(&o->elf, i);
        if (symbol.section != ELF_UNDEF || symbol.bind == ELF_STB_LOCAL || !*symbol.name)
            continue;
        struct load_extern e = { .info = { .name = symbol.name,
                                           .kind = EXTERN_UNKNOWN,
                                           .weak = symbol.bind == ELF_STB_WEAK } };
        o->extern_of[i] = o->externs.n;
        if (!vec_push(o->mem, &o->externs, e))
            return load_nomem(err, "externs");
    }
    return SKEP_OK;
}

/* The extern of an entry of a data section; NULL when no instruction refers to it. */
static struct load_extern *load_extern_of_entry(struct object *o, const struct btf_member *entry)
{
    u32 symbol = load_find_symbol(o, entry->name);
    if (symbol == CODE_NONE || o->extern_of[symbol] == CODE_NONE)
        return NULL;
    struct load_extern *e = &o->externs.data[o->extern_of[symbol]];
    e->info.btf_type = btf_target(&o->btf, entry->type);
    return e;
}

static void load_mark_ksyms(struct object *o)
{
    u32 datasec = btf_find(&o->btf, BTF_DATASEC, ".ksyms");
    u32 n = btf_vlen(&o->btf, datasec);
    for (u32 i = 0; i < n; i++) {
        struct btf_member entry = btf_member(&o->btf, datasec, i);
        struct load_extern *e = load_extern_of_entry(o, &entry);
        if (e)
            e->info.kind = btf_kind(&o->btf, entry.type) == BTF_FUNC ? EXTERN_KSYM_FUNCTION
                                                                     : EXTERN_KSYM_VARIABLE;
    }
}

/* Values of .kconfig ------------------------------------------------------------------------------
 */

static u32 load_kconfig_align(const struct btf *btf, u32 type, u32 size)
{
    bool number = btf_kind(btf, btf_skip_modifiers(btf, type)) != BTF_ARRAY;
    return number && (size == 2 || size == 4 || size == 8) ? size : 1;
}

static void load_store_number(const struct object *o, u8 *p, u32 size, u64 value)
{
    for (u32 i = 0; i < size; i++)
        p[o->elf.big_endian ? size - 1 - i : i] = i < 8 ? (u8)(value >> 8 * i) : 0;
}

/* Decimal or 0x hex, perhaps negative.  false: something else, or more than 64 bits. */
static bool load_parse_number(const char *s, u64 *out, bool *negative)
{
    *negative = *s == '-';
    s += *negative;
    u64 base = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10, value = 0;
    s += base == 16 ? 2 : 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        u32 c = (u8)*s | 0x20u; /* letters in lower case; digits stay what they are */
        u64 digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
        if (digit >= base || !mul_ok(value, base, &value) || !add_ok(value, digit, &value))
            return false;
    }
    *out = *negative ? (u64)0 - value : value;
    return true;
}

/* Whether a number survives being stored in `size` bytes, read back by the type's sign. */
static bool load_number_fits(u64 value, bool negative, u32 size, bool is_signed)
{
    if (size >= 8)
        return is_signed || !negative;
    u64 limit = (u64)1 << (8 * size - is_signed);
    return negative ? is_signed && (u64)0 - value <= limit : value < limit;
}

/* y, m, n: a bool, the character, or libbpf's enum of TRI_NO, TRI_YES, TRI_MODULE. */
static bool load_store_tristate(const struct object *o, u32 type, u8 *p, u32 size, char c)
{
    bool is_bool = btf_int_encoding(&o->btf, type) & BTF_INT_BOOL;
    bool is_char = btf_kind(&o->btf, type) == BTF_INT && !is_bool && size == 1;
    bool is_enum = btf_kind(&o->btf, type) == BTF_ENUM;
    bool is_int = btf_kind(&o->btf, type) == BTF_INT && !is_bool && !is_char;
    if (is_bool && c == 'm')
        return false;
    if (is_int && c != 'y' && c != 'n')
        return false;
    u64 tristate = c == 'y' ? 1 : c == 'm' ? 2 : 0;
    load_store_number(o, p, size, is_char ? (u64)c : tristate);
    return is_bool || is_char || is_enum || is_int;
}

static bool load_store_string(const struct object *o, u32 type, u8 *p, u32 size, const char *value)
{
    size_t n = strlen(value);
    u32 element = btf_skip_modifiers(&o->btf, btf_target(&o->btf, type));
    if (btf_kind(&o->btf, type) != BTF_ARRAY || btf_size(&o->btf, element) != 1 || n < 2 ||
        value[n - 1] != '"' || !size)
        return false;
    memcpy(p, value + 1, min_u64(n - 2, size - 1)); /* what is too long is cut, as libbpf does */
    return true;
}

static bool load_store_value(const struct object *o, u32 type, u8 *p, u32 size, const char *value)
{
    u32 resolved = btf_skip_modifiers(&o->btf, type);
    u64 number;
    bool negative;
    if (value[0] == '"')
        return load_store_string(o, resolved, p, size, value);
    if (btf_kind(&o->btf, resolved) != BTF_INT && btf_kind(&o->btf, resolved) != BTF_ENUM)
        return false;
    if ((value[0] == 'y' || value[0] == 'm' || value[0] == 'n') && !value[1])
        return load_store_tristate(o, resolved, p, size, value[0]);
    bool is_signed = btf_int_encoding(&o->btf, resolved) & BTF_INT_SIGNED;
    if (!load_parse_number(value, &number, &negative) ||
        !load_number_fits(number, negative, size, is_signed))
        return false;
    load_store_number(o, p, size, number);
    return true;
}

static skep_status load_place_kconfig(struct object *o, u32 datasec, u32 *size, skep_error *err)
{
    u64 at = 0;
    u32 n = btf_vlen(&o->btf, datasec);
    for (u32 i = 0; i < n; i++) {
        struct btf_member entry = btf_member(&o->btf, datasec, i);
        struct load_extern *e = load_extern_of_entry(o, &entry);
        if (!e || e->info.kind == EXTERN_KCONFIG)
            continue;
        u64 bytes = btf_size(&o->btf, entry.type);
        if (!bytes || bytes > LOAD_KCONFIG_MAX)
            return RAISE(err, SKEP_MALFORMED, LOAD_KCONFIG, STR(entry.name), STR("?"),
                         STR("impossible size"));
        at = round_up_u64(at, load_kconfig_align(&o->btf, e->info.btf_type, (u32)bytes));
        e->info.kind = EXTERN_KCONFIG;
        e->info.kconfig_offset = (u32)at;
        e->info.kconfig_size = (u32)bytes;
        at += bytes;
        if (at > LOAD_KCONFIG_MAX)
            return RAISE(err, SKEP_LIMIT, LOAD_KCONFIG, STR(entry.name), STR("?"),
                         STR("too much configuration"));
    }
    *size = (u32)at;
    return SKEP_OK;
}

static skep_status load_fill_kconfig(struct object *o, u8 *contents, skep_error *err)
{
    for (u32 i = 0; i < o->externs.n; i++) {
        struct load_extern *e = &o->externs.data[i];
        const char *value = load_kconfig_value(o, e->info.name);
        if (e->info.kind != EXTERN_KCONFIG)
            continue;
        e->is_set = e->info.weak || value;
        if (value && !load_store_value(o, e->info.btf_type, contents + e->info.kconfig_offset,
                                       e->info.kconfig_size, value))
            return RAISE(err, SKEP_BAD_ARG, LOAD_KCONFIG, STR(e->info.name), STR(value),
                         STR("the value does not fit the variable's type"));
    }
    return SKEP_OK;
}

static skep_status load_add_kconfig_map(struct object *o, u32 size, skep_error *err)
{
    struct object_map map = {
        .spec = { .size = sizeof(struct skep_map_spec),
                  .name = ".kconfig",
                  .type = LOAD_MAP_TYPE_ARRAY,
                  .key_size = 4,
                  .value_size = size,
                  .max_entries = 1,
                  .flags = LOAD_MAP_RDONLY_PROG },
        .section = ".kconfig",
        .origin = MAP_FROM_KCONFIG,
        .read_only = true,
        .inner = CODE_NONE,
        .contents = arena_alloc(&o->arena, size),
    };
    if (!map.contents)
        return load_nomem(err, ".kconfig");
    TRY(load_fill_kconfig(o, map.contents, err));
    struct load_place nowhere = { .section = ELF_ABS };
    o->kconfig_map = o->maps.n;
    return load_add_map(o, &map, &nowhere, err);
}

skep_status load_pass_externs(struct object *o, skep_error *err)
{
    u32 size = 0;
    TRY(load_add_externs(o, err));
    if (!o->has_btf)
        return SKEP_OK;
    load_mark_ksyms(o);
    TRY(load_place_kconfig(o, btf_find(&o->btf, BTF_DATASEC, ".kconfig"), &size, err));
    return size ? load_add_kconfig_map(o, size, err) : SKEP_OK;
}

#undef LOAD_KCONFIG_MAX
