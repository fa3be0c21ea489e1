/* Types as C text.
 *
 * Declarators nest inside out, and types nest in types, so printing is a stack of things still to
 * be written, of fixed depth, and a budget: hostile types nest without end or grow exponentially.
 * Where either ends, the text ends in "...". */
#include "btf/words.h"

#define BTF_PRINT_DEPTH 192u    /* things still to be written */
#define BTF_PRINT_CHAIN 32u     /* pointers, arrays and functions in one declarator */
#define BTF_PRINT_BUDGET 20000u /* things written in one call */
#define BTF_PRINT_INLINE 16u    /* anonymous structs inside one another */

enum btf_print_kind {
    BTF_PRINT_TEXT,       /* text */
    BTF_PRINT_COUNT,      /* [number], of an array */
    BTF_PRINT_BITS,       /* : number, of a bit-field */
    BTF_PRINT_TYPE,       /* what stands left of all declarators of a type */
    BTF_PRINT_DECLARATOR, /* the rest, with a name in its middle */
    BTF_PRINT_MEMBERS,    /* members from `number` on, and the closing brace */
    BTF_PRINT_PARAMS,     /* parameters from `number` on, and the closing parenthesis */
};

struct btf_print_item {
    enum btf_print_kind kind;
    u32 id, number, indent;
    const char *text;
};

struct btf_printer {
    struct text *out;
    const struct btf *btf;
    struct btf_print_item items[BTF_PRINT_DEPTH];
    u32 n, written;
    bool full;
};

/* The types of a declarator, from the name outwards; base is what is left of it. */
struct btf_chain {
    u32 ids[BTF_PRINT_CHAIN];
    u32 n, base;
};

static void btf_push(struct btf_printer *p, struct btf_print_item item)
{
    if (p->n == BTF_PRINT_DEPTH)
        p->full = true;
    else
        p->items[p->n++] = item;
}

static void btf_push_text(struct btf_printer *p, const char *text)
{
    btf_push(p, (struct btf_print_item){ .kind = BTF_PRINT_TEXT, .text = text });
}

/* LIFO: the type is written before the declarator. */
static void btf_push_declaration(struct btf_printer *p, u32 id, const char *name, u32 indent)
{
    btf_push(p, (struct btf_print_item){ .kind = BTF_PRINT_DECLARATOR, .id = id, .text = name });
    btf_push(p, (struct btf_print_item){ .kind = BTF_PRINT_TYPE, .id = id, .indent = indent });
}

static bool btf_is_modifier(enum btf_kind kind)
{
    return kind == BTF_CONST || kind == BTF_VOLATILE || kind == BTF_RESTRICT ||
           kind == BTF_TYPE_TAG;
}

/* const, volatile, … in front of an array belong to its elements; of a pointer, to it. */
static bool btf_is_declarator(enum btf_kind kind)
{
    return kind == BTF_PTR || kind == BTF_ARRAY || kind == BTF_FUNC_PROTO;
}

/* Modifiers whose type is no pointer stand left of the base. */
static u32 btf_under_modifiers(const struct btf *btf, u32 id)
{
    while (btf_is_modifier(btf_kind(btf, id)))
        id = btf_target(btf, id);
    return id;
}

static struct btf_chain btf_chain_of(struct btf_printer *p, u32 id)
{
    struct btf_chain chain = { .base = id };
    while (btf_is_declarator(btf_kind(p->btf, btf_under_modifiers(p->btf, chain.base)))) {
        if (chain.n == BTF_PRINT_CHAIN) {
            p->full = true;
            break;
        }
        chain.ids[chain.n++] = chain.base;
        chain.base = btf_target(p->btf, chain.base);
    }
    return chain;
}

/* Base types
 * --------------------------------------------------------------------------------------- */

static const char *btf_keyword(const struct btf *btf, u32 id)
{
    switch (btf_kind(btf, id)) {
    case BTF_STRUCT: return "struct ";
    case BTF_UNION: return "union ";
    case BTF_ENUM:
    case BTF_ENUM64: return "enum ";
    case BTF_FWD: return btf_flag(btf, id) ? "union " : "struct ";
    case BTF_CONST: return "const ";
    case BTF_VOLATILE: return "volatile ";
    case BTF_RESTRICT: return "restrict ";
    case BTF_VOID:
    case BTF_INT:
    case BTF_PTR:
    case BTF_ARRAY:
    case BTF_TYPEDEF:
    case BTF_FUNC:
    case BTF_FUNC_PROTO:
    case BTF_VAR:
    case BTF_DATASEC:
    case BTF_FLOAT:
    case BTF_DECL_TAG:
    case BTF_TYPE_TAG:
    case BTF_KIND_COUNT: return "";
    }
    UNREACHABLE();
    return "";
}

static bool btf_has_members(enum btf_kind kind)
{
    return kind == BTF_STRUCT || kind == BTF_UNION || kind == BTF_ENUM || kind == BTF_ENUM64;
}

static void btf_write_body(struct btf_printer *p, u32 id, u32 indent)
{
    if (indent >= BTF_PRINT_INLINE) {
        text_string(p->out, "{ ... }");
        return;
    }
    text_string(p->out, "{\n");
    btf_push(p,
             (struct btf_print_item){ .kind = BTF_PRINT_MEMBERS, .id = id, .indent = indent + 1 });
}

static void btf_write_type(struct btf_printer *p, u32 id, u32 indent)
{
    id = btf_chain_of(p, id).base;
    for (; btf_is_modifier(btf_kind(p->btf, id)); id = btf_target(p->btf, id))
        text_string(p->out, btf_keyword(p->btf, id));
    const char *name = btf_name(p->btf, id);
    text_string(p->out, btf_keyword(p->btf, id));
    if (!*name && btf_has_members(btf_kind(p->btf, id)))
        btf_write_body(p, id, indent);
    else
        text_string(p->out, *name ? name : "?");
}

/* Declarators
 * -------------------------------------------------------------------------------------- */

/* Whether the pointer at a place of the chain needs parentheses: `(*p)[4]`. */
static bool btf_needs_parens(const struct btf *btf, const struct btf_chain *chain, u32 i)
{
    if (btf_kind(btf, btf_under_modifiers(btf, chain->ids[i])) != BTF_PTR)
        return false;
    while (++i < chain->n) {
        enum btf_kind kind = btf_kind(btf, chain->ids[i]);
        if (!btf_is_modifier(kind))
            return kind != BTF_PTR;
    }
    return false;
}

/* `*`, `(*`, `const `: what stands left of the name, the outermost first. */
static void btf_write_prefixes(struct btf_printer *p, const struct btf_chain *chain)
{
    for (u32 i = chain->n; i-- > 0;) {
        enum btf_kind kind = btf_kind(p->btf, chain->ids[i]);
        if (kind == BTF_PTR)
            text_string(p->out, btf_needs_parens(p->btf, chain, i) ? "(*" : "*");
        else
            text_string(p->out, btf_keyword(p->btf, chain->ids[i]));
    }
}

/* `)`, `[4]`, `(int a)`: what stands right of the name, the innermost first; pushed backwards. */
static void btf_push_suffixes(struct btf_printer *p, const struct btf_chain *chain)
{
    for (u32 i = chain->n; i-- > 0;) {
        u32 id = chain->ids[i];
        enum btf_kind kind = btf_kind(p->btf, id);
        if (kind == BTF_ARRAY)
            btf_push(p, (struct btf_print_item){ .kind = BTF_PRINT_COUNT,
                                                 .number = btf_array_count(p->btf, id) });
        else if (kind == BTF_FUNC_PROTO)
            btf_push(p, (struct btf_print_item){ .kind = BTF_PRINT_PARAMS, .id = id });
        else if (kind == BTF_PTR && btf_needs_parens(p->btf, chain, i))
            btf_push_text(p, ")");
    }
}

static void btf_write_declarator(struct btf_printer *p, u32 id, const char *name)
{
    struct btf_chain chain = btf_chain_of(p, id);
    if (*name || chain.n)
        text_char(p->out, ' ');
    btf_write_prefixes(p, &chain);
    text_string(p->out, name);
    btf_push_suffixes(p, &chain);
}

/* Lists
 * ---------------------------------------------------------------------------------------------- */

static void btf_write_indent(struct btf_printer *p, u32 indent)
{
    for (u32 i = 0; i < indent; i++)
        text_char(p->out, '\t');
}

static void btf_write_enumerator(struct btf_printer *p, u32 id, u32 i)
{
    struct btf_member m = btf_member(p->btf, id, i);
    if (btf_flag(p->btf, id))
        text_printf(p->out, "%s = %" PRId64 ",\n", m.name, (s64)m.value);
    else
        text_printf(p->out, "%s = %" PRIu64 ",\n", m.name, m.value);
}

static void btf_push_member(struct btf_printer *p, u32 id, u32 i, u32 indent)
{
    struct btf_member m = btf_member(p->btf, id, i);
    btf_push_text(p, ";\n");
    if (m.bits)
        btf_push(p, (struct btf_print_item){ .kind = BTF_PRINT_BITS, .number = m.bits });
    btf_push_declaration(p, m.type, m.name, indent);
}

static void btf_write_members(struct btf_printer *p, const struct btf_print_item *item)
{
    bool done = item->number == btf_vlen(p->btf, item->id);
    btf_write_indent(p, item->indent - done);
    if (done) {
        text_char(p->out, '}');
        return;
    }
    struct btf_print_item next = *item;
    next.number++;
    btf_push(p, next);
    enum btf_kind kind = btf_kind(p->btf, item->id);
    if (kind == BTF_ENUM || kind == BTF_ENUM64)
        btf_write_enumerator(p, item->id, item->number);
    else
        btf_push_member(p, item->id, item->number, item->indent);
}

static void btf_write_params(struct btf_printer *p, const struct btf_print_item *item)
{
    u32 n = btf_vlen(p->btf, item->id);
    if (!item->number)
        text_string(p->out, n ? "(" : "(void");
    if (item->number == n) {
        text_char(p->out, ')');
        return;
    }
    struct btf_member m = btf_member(p->btf, item->id, item->number);
    struct btf_print_item next = *item;
    text_string(p->out, item->number ? ", " : "");
    next.number++;
    btf_push(p, next);
    if (m.type)
        btf_push_declaration(p, m.type, m.name, BTF_PRINT_INLINE);
    else
        btf_push_text(p, "...");
}

/* The machine
 * ---------------------------------------------------------------------------------------- */

static void btf_print_one(struct btf_printer *p, const struct btf_print_item *item)
{
    switch (item->kind) {
    case BTF_PRINT_TEXT: text_string(p->out, item->text); break;
    case BTF_PRINT_COUNT: text_printf(p->out, "[%" PRIu32 "]", item->number); break;
    case BTF_PRINT_BITS: text_printf(p->out, " : %" PRIu32, item->number); break;
    case BTF_PRINT_TYPE: btf_write_type(p, item->id, item->indent); break;
    case BTF_PRINT_DECLARATOR: btf_write_declarator(p, item->id, item->text); break;
    case BTF_PRINT_MEMBERS: btf_write_members(p, item); break;
    case BTF_PRINT_PARAMS: btf_write_params(p, item); break;
    }
}

static void btf_print_all(struct btf_printer *p)
{
    while (p->n && !p->full && p->written++ < BTF_PRINT_BUDGET) {
        struct btf_print_item item = p->items[--p->n];
        btf_print_one(p, &item);
    }
    if (p->n || p->full)
        text_string(p->out, "...");
}

void btf_print_declaration(struct text *out, const struct btf *btf, u32 id, const char *name)
{
    struct btf_printer p = { .out = out, .btf = btf };
    btf_push_declaration(&p, id, name, 0);
    btf_print_all(&p);
}

static void btf_print_data_section(struct text *out, const struct btf *btf, u32 id)
{
    u32 n = min_u32(btf_vlen(btf, id), BTF_PRINT_BUDGET);
    text_printf(out, "section \"%s\" {\n", btf_name(btf, id));
    for (u32 i = 0; i < n; i++) {
        struct btf_member m = btf_member(btf, id, i);
        text_printf(out, "\t/* %" PRIu32 " */ ", m.offset);
        btf_print_declaration(out, btf, btf_target(btf, m.type), m.name);
        text_string(out, ";\n");
    }
    text_string(out, "}");
}

/* btf_print_definition's cases in which there is more to say than a declaration. */
static void btf_print_struct(struct text *out, const struct btf *btf, u32 id)
{
    struct btf_printer p = { .out = out, .btf = btf };
    text_string(out, btf_keyword(btf, id));
    text_printf(out, "%s%s", btf_name(btf, id), *btf_name(btf, id) ? " " : "");
    btf_write_body(&p, id, 0);
    btf_print_all(&p);
}

void btf_print_definition(struct text *out, const struct btf *btf, u32 id)
{
    static const char *const linkages[] = { "static ", "", "extern " };
    enum btf_kind kind = btf_kind(btf, id);
    if (btf_has_members(kind)) {
        btf_print_struct(out, btf, id);
    } else if (kind == BTF_DATASEC) {
        btf_print_data_section(out, btf, id);
    } else if (kind == BTF_TYPEDEF) {
        text_string(out, "typedef ");
        btf_print_declaration(out, btf, btf_target(btf, id), btf_name(btf, id));
    } else if (kind == BTF_FUNC || kind == BTF_VAR) {
        text_string(out, linkages[btf_linkage(btf, id)]);
        btf_print_declaration(out, btf, btf_target(btf, id), btf_name(btf, id));
    } else if (kind == BTF_DECL_TAG) {
        u32 target = btf_target(btf, id);
        text_printf(out, "tag \"%s\" of %s %s", btf_name(btf, id),
                    btf_kind_name(btf_kind(btf, target)), btf_name(btf, target));
    } else {
        btf_print_declaration(out, btf, id, "");
    }
    text_char(out, ';');
}

/* CO-RE
 * ------------------------------------------------------------------------------------------------
 */

/* The type alone, without members. */
static void btf_print_short(struct text *out, const struct btf *btf, u32 id)
{
    const char *name = btf_name(btf, id);
    text_string(out, btf_keyword(btf, id));
    text_string(out, *name ? name : "{...}");
}

/* The next number of "1:2:3"; false at the end or where it is none. */
static bool btf_next_index(const char **access, u32 *index)
{
    const char *s = *access;
    u64 n = 0;
    s += *s == ':';
    if (*s < '0' || *s > '9')
        return false;
    for (; *s >= '0' && *s <= '9' && n <= UINT32_MAX; s++)
        n = n * 10 + (u64)(*s - '0');
    *access = s;
    *index = (u32)min_u64(n, UINT32_MAX);
    return true;
}

/* Writes one step into a type; 0 when there is no such part. */
static u32 btf_print_step(struct text *out, const struct btf *btf, u32 id, u32 index)
{
    u32 type = btf_skip_modifiers(btf, id);
    enum btf_kind kind = btf_kind(btf, type);
    if (kind == BTF_ARRAY) {
        text_printf(out, "[%" PRIu32 "]", index);
        return btf_target(btf, type);
    }
    if ((kind != BTF_STRUCT && kind != BTF_UNION) || index >= btf_vlen(btf, type))
        return 0;
    struct btf_member m = btf_member(btf, type, index);
    if (*m.name) /* what is in an anonymous member is named as if it were outside */
        text_printf(out, ".%s", m.name);
    return m.type;
}

static bool btf_print_enumerator(struct text *out, const struct btf *btf, u32 id, u32 index)
{
    u32 type = btf_skip_modifiers(btf, id);
    if ((btf_kind(btf, type) != BTF_ENUM && btf_kind(btf, type) != BTF_ENUM64) ||
        index >= btf_vlen(btf, type))
        return false;
    text_printf(out, ".%s", btf_member(btf, type, index).name);
    return true;
}

static bool btf_print_fields(struct text *out, const struct btf *btf, u32 id, u32 index,
                             const char *rest)
{
    if (index) /* the object is an element of an array that begins at the pointer */
        text_printf(out, "[%" PRIu32 "]", index);
    while (*rest && id)
        id = btf_next_index(&rest, &index) ? btf_print_step(out, btf, id, index) : 0;
    return id;
}

void btf_print_access(struct text *out, const struct btf *btf, const struct btf_core_relo *relo)
{
    const char *rest = relo->access;
    u32 index;
    bool known = btf_next_index(&rest, &index);
    btf_print_short(out, btf, relo->type);
    if (known && relo->kind <= BTF_CORE_FIELD_RSHIFT_U64)
        known = btf_print_fields(out, btf, relo->type, index, rest);
    else if (known &&
             (relo->kind == BTF_CORE_ENUMVAL_EXISTS || relo->kind == BTF_CORE_ENUMVAL_VALUE))
        known = btf_print_enumerator(out, btf, relo->type, index);
    if (!known)
        text_printf(out, " (access \"%s\")", relo->access);
}

#undef BTF_PRINT_DEPTH
#undef BTF_PRINT_CHAIN
#undef BTF_PRINT_BUDGET
#undef BTF_PRINT_INLINE
