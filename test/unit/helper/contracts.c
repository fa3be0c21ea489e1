/* Every descriptor is consistent, and has the number and name that Linux gives it. */
#include "helper/helper.h"

#include "support/unit.h"

#include <linux/bpf.h>

static const struct {
    const char *name;
    u32 id;
} uapi[] = {
#define ROW(name)                                                                                  \
    {                                                                                              \
        "bpf_" #name, BPF_FUNC_##name                                                              \
    }
    __BPF_FUNC_MAPPER(ROW)
#undef ROW
};

static const char *uapi_name(u32 id)
{
    for (u32 i = 0; i < ARRAY_LEN(uapi); i++)
        if (uapi[i].id == id)
            return uapi[i].name;
    return NULL;
}

TEST(descriptors_register)
{
    struct mem mem;
    struct registry registry;
    skep_error err = { 0 };
    mem_init(&mem, NULL, 0);
    registry_init(&registry, &mem);
    for (u32 i = 0; i < n_helpers; i++)
        if (registry_add_helper(&registry, helpers[i], &err) != SKEP_OK) {
            char text[256];
            skep_error_text(&err, text, sizeof(text));
            fail_msg("%s", text);
        }
    assert_int_equal(n_helpers, 222);
    registry_drop(&registry);
}

TEST(ids_and_names_are_linuxs)
{
    for (u32 i = 0; i < n_helpers; i++) {
        if (helpers[i]->personality != SKEP_LINUX)
            continue;
        const char *name = uapi_name(helpers[i]->id);
        if (name && strcmp(name, helpers[i]->name) != 0)
            fail_msg("%u is %s, not %s", helpers[i]->id, name, helpers[i]->name);
        if (!name) /* newer than Debian 12's headers */
            assert_in_range(helpers[i]->id, 210, 211);
    }
}

/* What a helper keeps in the ledger must have a way out of it. */
TEST(what_is_acquired_can_be_released)
{
    for (u32 i = 0; i < n_helpers; i++) {
        bool memory = helpers[i]->ret.kind == SKEP_RET_MEM;
        if (!(helpers[i]->ret.flags & SKEP_RET_ACQUIRES))
            continue;
        u8 wanted = memory                                  ? SKEP_ARG_RECORD
                    : helpers[i]->ret.kind == SKEP_RET_SOCK ? SKEP_ARG_SOCK
                                                            : SKEP_ARG_BTF_PTR;
        bool found = false;
        for (u32 k = 0; k < n_helpers; k++)
            for (u32 a = 0; a < 5; a++)
                found |= helpers[k]->args[a].kind == wanted &&
                         (helpers[k]->args[a].flags & SKEP_ARG_RELEASE);
        if (!found)
            fail_msg("%s", helpers[i]->name);
    }
}

UNIT_TESTS(UNIT(descriptors_register), UNIT(ids_and_names_are_linuxs),
           UNIT(what_is_acquired_can_be_released))
