/* The registry: descriptors by id, by name and by section, and what must hold of a descriptor
 * before anything relies on it.
 *
 * A registered descriptor is trusted by verifier, lowering and engines, so all contradictions are
 * found here, once, while the env is made. */
#include "contract/contract.h"

void registry_init(struct registry *registry, struct mem *mem)
{
    *registry = (struct registry){ .mem = mem };
    hash_index_init(&registry->helper_ids, mem);
    hash_index_init(&registry->helper_names, mem);
    hash_index_init(&registry->map_type_ids, mem);
}

void registry_drop(struct registry *registry)
{
    vec_drop(registry->mem, &registry->helpers);
    vec_drop(registry->mem, &registry->map_types);
    vec_drop(registry->mem, &registry->hooks);
    hash_index_drop(&registry->helper_ids);
    hash_index_drop(&registry->helper_names);
    hash_index_drop(&registry->map_type_ids);
}

/* Finding.  Positions in the vectors; UINT32_MAX: none. */

static u64 registry_id_hash(const struct hash_index *index, u8 personality, u32 id)
{
    u64 key = (u64)personality << 32 | id;
    return hash_bytes(&key, sizeof(key), index->seed);
}

static u32 registry_helper_at(const struct registry *registry, u8 personality, u32 id)
{
    const struct hash_index *index = &registry->helper_ids;
    for (struct hash_probe p = hash_probe(index, registry_id_hash(index, personality, id));
         hash_next(index, &p);) {
        const struct skep_helper *helper = registry->helpers.data[p.position];
        if (helper->id == id && helper->personality == personality)
            return p.position;
    }
    return UINT32_MAX;
}

static u32 registry_map_type_at(const struct registry *registry, u8 personality, u32 id)
{
    const struct hash_index *index = &registry->map_type_ids;
    for (struct hash_probe p = hash_probe(index, registry_id_hash(index, personality, id));
         hash_next(index, &p);) {
        const struct skep_map_type *type = registry->map_types.data[p.position];
        if (type->id == id && type->personality == personality)
            return p.position;
    }
    return UINT32_MAX;
}

const struct skep_helper *registry_helper(const struct registry *registry, u8 personality, u32 id)
{
    u32 at = registry_helper_at(registry, personality, id);
    if (at == UINT32_MAX && personality != SKEP_KFUNC)
        at = registry_helper_at(registry, SKEP_APPLICATION, id);
    return at == UINT32_MAX ? NULL : registry->helpers.data[at];
}

const struct skep_helper *registry_helper_by_name(const struct registry *registry, const char *name)
{
    const struct hash_index *index = &registry->helper_names;
    for (struct hash_probe p = hash_probe(index, hash_string(name, index->seed));
         hash_next(index, &p);) {
        const struct skep_helper *helper = registry->helpers.data[p.position];
        if (strcmp(helper->name, name) == 0)
            return helper;
    }
    return NULL;
}

const struct skep_map_type *registry_map_type(const struct registry *registry, u8 personality,
                                              u32 id)
{
    u32 at = registry_map_type_at(registry, personality, id);
    if (at == UINT32_MAX)
        at = registry_map_type_at(registry, SKEP_APPLICATION, id);
    return at == UINT32_MAX ? NULL : registry->map_types.data[at];
}

static const struct skep_hook *registry_own_hook(const struct registry *registry, u8 personality,
                                                 u32 id)
{
    for (u32 i = 0; i < registry->hooks.n; i++)
        if (registry->hooks.data[i]->id == id &&
            registry->hooks.data[i]->personality == personality)
            return registry->hooks.data[i];
    return NULL;
}

const struct skep_hook *registry_hook(const struct registry *registry, u8 personality, u32 id)
{
    const struct skep_hook *hook = registry_own_hook(registry, personality, id);
    return hook ? hook : registry_own_hook(registry, SKEP_APPLICATION, id);
}

const struct skep_hook *registry_hook_by_name(const struct registry *registry, const char *name)
{
    for (u32 i = 0; i < registry->hooks.n; i++)
        if (strcmp(registry->hooks.data[i]->name, name) == 0)
            return registry->hooks.data[i];
    return NULL;
}

/* Sections */

/* How well does a pattern fit?  0: not at all; otherwise more for a longer fixed part, and, of
 * equal ones, more for the stricter form. */
static size_t registry_section_fit(const char *pattern, const char *section)
{
    size_t length = strlen(pattern);
    char last = length ? pattern[length - 1] : 0;
    if (last != '/' && last != '+' && last != '*')
        return strcmp(pattern, section) == 0 ? 4 * length + 3 : 0;
    size_t fixed = last == '/' ? length : length - 1;
    if (strncmp(pattern, section, fixed) != 0)
        return 0;
    char next = section[fixed];
    bool fits = last != '+' || next == 0 || next == '/' || next == '.';
    return fits ? 4 * fixed + (last == '/' ? 2 : last == '+' ? 1 : 0) : 0;
}

/* "fentry.s/…", "uprobe.multi.s/…": the last dotted part before the first slash is s. */
static bool registry_section_sleeps(const char *section)
{
    size_t n = strcspn(section, "/");
    return n > 2 && section[n - 1] == 's' && section[n - 2] == '.';
}

const struct skep_hook *registry_hook_by_section(const struct registry *registry,
                                                 const char *section, bool *sleepable)
{
    const struct skep_hook *best = NULL;
    size_t best_fit = 0;
    for (u32 i = 0; i < registry->hooks.n; i++) {
        const struct skep_hook *hook = registry->hooks.data[i];
        for (const char *const *pattern = hook->sections; pattern && *pattern; pattern++) {
            size_t fit = registry_section_fit(*pattern, section);
            if (fit > best_fit) {
                best = hook;
                best_fit = fit;
            }
        }
    }
    if (best)
        *sleepable = (best->flags & SKEP_HOOK_ALWAYS_SLEEPS) ||
                     ((best->flags & SKEP_HOOK_SLEEPABLE) && registry_section_sleeps(section));
    return best;
}

/* What programs and callbacks return */

static struct contract_range contract_range_of(s64 lo, s64 hi)
{
    return lo || hi ? (struct contract_range){ lo, hi } : CONTRACT_ANY;
}

struct contract_range hook_returns(const struct skep_hook *hook, const char *section)
{
    struct contract_range range = contract_range_of(hook->ret_lo, hook->ret_hi);
    size_t best = 0;
    for (u32 i = 0; i < hook->n_returns; i++) {
        const struct skep_hook_returns *row = &hook->returns[i];
        size_t fit = registry_section_fit(row->section, section);
        if (fit > best) {
            best = fit;
            range = (struct contract_range){ row->lo, row->hi };
        }
    }
    return range;
}

struct contract_range callback_returns(const struct skep_callback *callback)
{
    return callback->returns_0 ? (struct contract_range){ 0, 0 }
                               : contract_range_of(callback->lo, callback->hi);
}

/* Helpers: what contradicts itself.  NULL: nothing. */

static const struct skep_arg contract_no_arg = { .kind = SKEP_ARG_NONE };

static bool contract_has_arg(const struct skep_helper *helper, u32 before, u8 kind)
{
    for (u32 i = 0; i < before; i++)
        if (helper->args[i].kind == kind)
            return true;
    return false;
}

static bool contract_reads_memory(u8 kind)
{
    return kind == SKEP_ARG_MEM || kind == SKEP_ARG_MAP_KEY || kind == SKEP_ARG_MAP_VALUE;
}

static const char *contract_arg_fault(const struct skep_helper *helper, u32 i)
{
    struct skep_arg arg = helper->args[i];
    struct skep_arg before = i > 0 ? helper->args[i - 1] : contract_no_arg;
    struct skep_arg after = i < 4 ? helper->args[i + 1] : contract_no_arg;
    bool needs_size = arg.kind == SKEP_ARG_MEM && arg.bytes == 0;
    bool sizes = before.kind == SKEP_ARG_MEM && before.bytes == 0;

    if (arg.kind >= SKEP_ARG_KIND_COUNT)
        return "unknown kind";
    if (arg.kind != SKEP_ARG_NONE && i > 0 && before.kind == SKEP_ARG_NONE)
        return "follows an argument that does not exist";
    if ((arg.kind == SKEP_ARG_MAP_KEY || arg.kind == SKEP_ARG_MAP_VALUE) &&
        !contract_has_arg(helper, i, SKEP_ARG_MAP))
        return "a key or value without a map before it";
    if (needs_size != (after.kind == SKEP_ARG_SIZE))
        return needs_size ? "memory without a size" : "followed by a size that it does not need";
    if (arg.kind == SKEP_ARG_SIZE && !sizes)
        return "a size without memory before it";
    if (contract_reads_memory(arg.kind) && !(arg.flags & (SKEP_ARG_READ | SKEP_ARG_WRITE)))
        return "memory that is neither read nor written";
    if (arg.kind == SKEP_ARG_ITER && arg.bytes == 0)
        return "an iterator of no size";
    if (arg.kind != SKEP_ARG_ITER && arg.bytes != 0 && !contract_reads_memory(arg.kind))
        return "only memory has a size in bytes";
    if (arg.kind != SKEP_ARG_BTF_PTR && arg.type != 0)
        return "only what a typed pointer points to has a type";
    if (arg.kind == SKEP_ARG_CALLBACK && helper->callback.params[0] == SKEP_PARAM_NONE)
        return "a callback that takes nothing";
    return NULL;
}

static const char *contract_ret_fault(const struct skep_helper *helper)
{
    struct skep_ret ret = helper->ret;
    if (ret.kind > SKEP_RET_CPU_PTR)
        return "unknown kind of result";
    if (ret.lo > ret.hi)
        return "its range of results is empty";
    if ((ret.flags & SKEP_RET_ACQUIRES) && ret.kind <= SKEP_RET_VOID)
        return "acquires, but does not return a pointer";
    if (ret.kind == SKEP_RET_MAP_VALUE && !contract_has_arg(helper, 5, SKEP_ARG_MAP))
        return "returns a map value without taking a map";
    if (ret.kind == SKEP_RET_MEM && !ret.bytes && !contract_has_arg(helper, 5, SKEP_ARG_ALLOC_SIZE))
        return "returns memory of no known size";
    return NULL;
}

static const char *contract_helper_fault(const struct skep_helper *helper)
{
    if (helper->size < sizeof(*helper))
        return "made for an older version of the library";
    if (!helper->name || !*helper->name)
        return "no name";
    if (helper->personality > SKEP_KFUNC)
        return "unknown personality";
    if (helper->family == 0 || (helper->family & (helper->family - 1)))
        return "is of no family, or of several";
    if (contract_has_arg(helper, 5, SKEP_ARG_MAP) != (helper->maps != 0))
        return "the map argument and the classes of maps do not agree";
    if (contract_has_arg(helper, 5, SKEP_ARG_ITER) != (helper->iterator != SKEP_ITER_NONE))
        return "the iterator argument and the kind of iterator do not agree";
    if ((helper->effects & SKEP_CALLS_BACK) && !contract_has_arg(helper, 5, SKEP_ARG_CALLBACK))
        return "calls back, but takes no callback";
    return contract_ret_fault(helper);
}

static skep_status contract_check_helper(const struct skep_helper *helper, skep_error *err)
{
    const char *name = helper->name ? helper->name : "?";
    const char *fault = contract_helper_fault(helper);
    if (fault)
        return RAISE(err, SKEP_BAD_ARG, CONTRACT_HELPER, STR(name), STR(fault));
    for (u32 i = 0; i < 5; i++) {
        fault = contract_arg_fault(helper, i);
        if (fault)
            return RAISE(err, SKEP_BAD_ARG, CONTRACT_HELPER_ARG, STR(name), NUM(i + 1), STR(fault));
    }
    return SKEP_OK;
}

/* Ids that programs cannot tell apart: a personality's own, and the application's. */
static const struct skep_helper *contract_same_helper(const struct registry *registry,
                                                      const struct skep_helper *helper)
{
    if (helper->personality != SKEP_APPLICATION)
        return registry_helper(registry, helper->personality, helper->id);
    return registry_helper(registry, SKEP_LINUX, helper->id);
}

skep_status registry_add_helper(struct registry *registry, const struct skep_helper *helper,
                                skep_error *err)
{
    TRY(contract_check_helper(helper, err));
    const struct skep_helper *same = contract_same_helper(registry, helper);
    if (same)
        return RAISE(err, SKEP_EXISTS, CONTRACT_TAKEN, STR("helper"), STR(helper->name),
                     NUM(helper->id), STR(same->name));
    if (registry_helper_by_name(registry, helper->name))
        return RAISE(err, SKEP_EXISTS, CONTRACT_NAME, STR("helper"), STR(helper->name));
    u32 at = registry->helpers.n;
    u64 id = registry_id_hash(&registry->helper_ids, helper->personality, helper->id);
    u64 name = hash_string(helper->name, registry->helper_names.seed);
    if (!vec_push(registry->mem, &registry->helpers, helper) ||
        !hash_index_add(&registry->helper_ids, id, at) ||
        !hash_index_add(&registry->helper_names, name, at))
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("registry"));
    return SKEP_OK;
}

skep_status registry_replace_helper(struct registry *registry, const struct skep_helper *helper,
                                    skep_error *err)
{
    TRY(contract_check_helper(helper, err));
    u32 at = registry_helper_at(registry, helper->personality, helper->id);
    if (at == UINT32_MAX || strcmp(registry->helpers.data[at]->name, helper->name) != 0)
        return RAISE(err, SKEP_BAD_ARG, CONTRACT_REPLACE, STR(helper->name), NUM(helper->id));
    registry->helpers.data[at] = helper;
    return SKEP_OK;
}

/* Map types */

struct contract_map_rule {
    u32 classes; /* any of these … */
    bool given;  /* … needs this function */
    const char *fault;
};

static const char *contract_map_class_fault(const struct skep_map_type *type)
{
    const struct contract_map_rule rules[] = {
        { SKEP_MAP_LOOKUP | SKEP_MAP_LOOKUP_PERCPU | SKEP_MAP_PROGRAMS, type->lookup != NULL,
          "can be looked up, but has no lookup" },
        { SKEP_MAP_UPDATE, type->update != NULL, "can be updated, but has no update" },
        { SKEP_MAP_DELETE, type->remove != NULL, "can be deleted from, but has no remove" },
        { SKEP_MAP_ITERATE, type->next_element != NULL, "can be walked, but has no next_element" },
        { SKEP_MAP_PUSH, type->push != NULL, "takes pushes, but has no push" },
        { SKEP_MAP_POP, type->pop != NULL, "gives pops, but has no pop" },
        { SKEP_MAP_PEEK, type->peek != NULL, "gives peeks, but has no peek" },
        { SKEP_MAP_RINGBUF_OUT, type->reserve && type->commit && type->query,
          "takes records, but has no reserve, commit or query" },
        { SKEP_MAP_USER_RINGBUF,
          type->reserve && type->commit && type->query && type->drain && type->notify,
          "gives records to programs, but has no reserve, commit, query, drain or notify" },
        { SKEP_MAP_STACKS, type->keep_stack != NULL, "keeps stacks, but has no keep_stack" },
    };
    for (u32 i = 0; i < ARRAY_LEN(rules); i++)
        if ((type->classes & rules[i].classes) && !rules[i].given)
            return rules[i].fault;
    return NULL;
}

static const char *contract_map_type_fault(const struct skep_map_type *type)
{
    if (type->size < sizeof(*type))
        return "made for an older version of the library";
    if (!type->name || !*type->name)
        return "no name";
    if (type->personality > SKEP_APPLICATION)
        return "unknown personality";
    if (type->key_size_min > type->key_size_max || type->value_size_min > type->value_size_max)
        return "its range of sizes is empty";
    if ((type->traits & SKEP_MAP_NO_KEY) && (type->traits & SKEP_MAP_KEYS_ARE_INDEXES))
        return "has no keys, and keys that are indexes";
    if (!type->create)
        return NULL; /* contract only */
    return type->destroy ? contract_map_class_fault(type) : "is created, but never destroyed";
}

skep_status registry_add_map_type(struct registry *registry, const struct skep_map_type *type,
                                  skep_error *err)
{
    const char *fault = contract_map_type_fault(type);
    if (fault)
        return RAISE(err, SKEP_BAD_ARG, CONTRACT_MAP_TYPE, STR(type->name ? type->name : "?"),
                     STR(fault));
    u8 personality = type->personality == SKEP_APPLICATION ? SKEP_LINUX : type->personality;
    const struct skep_map_type *same = registry_map_type(registry, personality, type->id);
    if (same)
        return RAISE(err, SKEP_EXISTS, CONTRACT_TAKEN, STR("map type"), STR(type->name),
                     NUM(type->id), STR(same->name));
    for (u32 i = 0; i < registry->map_types.n; i++)
        if (strcmp(registry->map_types.data[i]->name, type->name) == 0)
            return RAISE(err, SKEP_EXISTS, CONTRACT_NAME, STR("map type"), STR(type->name));
    u64 id = registry_id_hash(&registry->map_type_ids, type->personality, type->id);
    if (!vec_push(registry->mem, &registry->map_types, type) ||
        !hash_index_add(&registry->map_type_ids, id, registry->map_types.n - 1))
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("registry"));
    return SKEP_OK;
}

/* Hooks */

static bool contract_is_word(u32 size) { return size == 1 || size == 2 || size == 4 || size == 8; }

/* Pointers that no run of this hook can meet: they need not be kept, or read as NULL. */
static bool contract_field_is_absent(const struct skep_hook *hook,
                                     const struct skep_ctx_field *field)
{
    bool reads_as_null = field->host_size == 0 && (field->access & SKEP_FIELD_NULLABLE);
    bool hidden = !(field->access & (SKEP_FIELD_READ | SKEP_FIELD_WRITE));
    return reads_as_null || hidden || (hook->flags & SKEP_HOOK_CONTRACT_ONLY);
}

static const char *contract_field_fault(const struct skep_hook *hook, u32 i)
{
    const struct skep_ctx_field *field = &hook->fields[i];
    bool pointer = field->kind != SKEP_FIELD_SCALAR;
    if (!field->name || !*field->name)
        return "no name";
    if (field->kind > SKEP_FIELD_BTF_PTR)
        return "unknown kind";
    if (field->size == 0 || (u32)field->offset + field->size > hook->ctx_size)
        return "lies outside the context";
    if (i > 0 && field->offset < field[-1].offset + field[-1].size)
        return "overlaps the field before it, or comes after it in the list";
    if (hook->ctx_kind == SKEP_CTX_MEMORY &&
        (field->host_offset != field->offset || field->host_size != field->size))
        return "names a part of memory that lies elsewhere in the host";
    if (field->host_size > 8 ? field->host_size < field->size
                             : field->host_size && !contract_is_word(field->host_size))
        return "has an impossible host size";
    if (field->host_size <= 8 && !contract_is_word(field->size))
        return "is no machine word, and not memory in the host";
    if (pointer && field->host_size != 8 && !contract_field_is_absent(hook, field))
        return "is a pointer that the host does not keep as one";
    if ((field->access & SKEP_FIELD_WIDE) &&
        (i + 1 == hook->n_fields || field[1].offset != field->offset + field->size))
        return "is wide, but no field follows it";
    return NULL;
}

/* Helpers that take the run's packet for granted. */
enum {
    CONTRACT_PACKET_FAMILIES =
        SKEP_FAMILY_XDP | SKEP_FAMILY_SKB_READ | SKEP_FAMILY_SKB_WRITE | SKEP_FAMILY_NET
};

static bool contract_returns_are_empty(const struct skep_hook *hook)
{
    bool empty = hook->ret_lo > hook->ret_hi;
    for (u32 i = 0; i < hook->n_returns; i++)
        empty |= hook->returns[i].lo > hook->returns[i].hi;
    return empty;
}

static const char *contract_hook_fault(const struct skep_hook *hook)
{
    if (hook->size < sizeof(*hook))
        return "made for an older version of the library";
    if (!hook->name || !*hook->name)
        return "no name";
    if (hook->personality > SKEP_APPLICATION)
        return "unknown personality";
    if (hook->ctx_kind > SKEP_CTX_NONE)
        return "unknown kind of context";
    bool named = hook->ctx_kind == SKEP_CTX_FIELDS || hook->ctx_kind == SKEP_CTX_MEMORY;
    if ((hook->ctx_kind == SKEP_CTX_FIELDS && !hook->n_fields) ||
        (hook->n_fields && (!named || !hook->fields || !hook->ctx_size)))
        return "its kind of context and its fields do not agree";
    if (contract_returns_are_empty(hook))
        return "a range of its results is empty";
    if ((hook->flags & SKEP_HOOK_PACKET_WRITE) && !(hook->flags & SKEP_HOOK_PACKET))
        return "writes packets, but has none";
    if ((hook->families & CONTRACT_PACKET_FAMILIES) &&
        !(hook->flags & (SKEP_HOOK_PACKET | SKEP_HOOK_CONTRACT_ONLY)))
        return "calls helpers on packets, but has none";
    return NULL;
}

static skep_status contract_check_hook(const struct skep_hook *hook, skep_error *err)
{
    const char *name = hook->name ? hook->name : "?";
    const char *fault = contract_hook_fault(hook);
    if (fault)
        return RAISE(err, SKEP_BAD_ARG, CONTRACT_HOOK, STR(name), STR(fault));
    for (u32 i = 0; i < hook->n_fields; i++) {
        fault = contract_field_fault(hook, i);
        if (fault)
            return RAISE(err, SKEP_BAD_ARG, CONTRACT_FIELD, STR(name),
                         STR(hook->fields[i].name ? hook->fields[i].name : "?"), STR(fault));
    }
    return SKEP_OK;
}

skep_status registry_add_hook(struct registry *registry, const struct skep_hook *hook,
                              skep_error *err)
{
    TRY(contract_check_hook(hook, err));
    u8 personality = hook->personality == SKEP_APPLICATION ? SKEP_LINUX : hook->personality;
    const struct skep_hook *same = registry_hook(registry, personality, hook->id);
    if (same)
        return RAISE(err, SKEP_EXISTS, CONTRACT_TAKEN, STR("program type"), STR(hook->name),
                     NUM(hook->id), STR(same->name));
    if (registry_hook_by_name(registry, hook->name))
        return RAISE(err, SKEP_EXISTS, CONTRACT_NAME, STR("program type"), STR(hook->name));
    if (!vec_push(registry->mem, &registry->hooks, hook))
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("registry"));
    return SKEP_OK;
}
