/* Classic programs: what is refused and by which name, what lies beside the packet, headers by
 * negative offsets. */
#include "support/classic.h"

#include <stdlib.h>
#include <string.h>

#define CLASSIC_RETURN(k_)                                                                         \
    {                                                                                              \
        .code = 0x06, .k = (k_)                                                                    \
    }
#define CLASSIC_RETURN_A                                                                           \
    {                                                                                              \
        .code = 0x16                                                                               \
    }
#define CLASSIC_BESIDE(k_)                                                                         \
    {                                                                                              \
        .code = 0x20, .k = 0xfffff000u + (k_)                                                      \
    }

struct refusal {
    const char *id;
    skep_status status;
    size_t n;
    struct skep_classic_insn insns[4];
};

static const struct refusal refusals[] = {
    { "classic-bad-size", SKEP_MALFORMED, 0, { { 0 } } },
    { "classic-unknown-opcode", SKEP_MALFORMED, 2, { { .code = 0x99 }, CLASSIC_RETURN(0) } },
    { "classic-unknown-opcode", SKEP_MALFORMED, 2, { { .code = 0x106 }, CLASSIC_RETURN(0) } },
    { "classic-unknown-opcode", SKEP_MALFORMED, 1, { { .code = 0x0e } } }, /* RET X */
    { "classic-no-return", SKEP_MALFORMED, 1, { { .code = 0x00 } } },
    { "classic-no-return", SKEP_MALFORMED, 2, { CLASSIC_RETURN(0), { .code = 0x07 } } },
    { "classic-jump-outside", SKEP_MALFORMED, 2, { { .code = 0x05, .k = 1 }, CLASSIC_RETURN(0) } },
    { "classic-jump-outside",
      SKEP_MALFORMED,
      2,
      { { .code = 0x05, .k = 0xffffffff }, CLASSIC_RETURN(0) } },
    { "classic-jump-outside", SKEP_MALFORMED, 2, { { .code = 0x15, .jt = 1 }, CLASSIC_RETURN(0) } },
    { "classic-jump-outside", SKEP_MALFORMED, 2, { { .code = 0x15, .jf = 1 }, CLASSIC_RETURN(0) } },
    { "classic-bad-operand", SKEP_MALFORMED, 2, { { .code = 0x34 }, CLASSIC_RETURN(0) } },
    { "classic-bad-operand", SKEP_MALFORMED, 2, { { .code = 0x94 }, CLASSIC_RETURN(0) } },
    { "classic-bad-operand", SKEP_MALFORMED, 2, { { .code = 0x64, .k = 32 }, CLASSIC_RETURN(0) } },
    { "classic-bad-operand", SKEP_MALFORMED, 2, { { .code = 0x02, .k = 16 }, CLASSIC_RETURN(0) } },
    { "classic-bad-operand", SKEP_MALFORMED, 2, { CLASSIC_BESIDE(64), CLASSIC_RETURN(0) } },
    { "classic-bad-operand", SKEP_MALFORMED, 2, { CLASSIC_BESIDE(2), CLASSIC_RETURN(0) } },
    { "classic-memory-unset", SKEP_MALFORMED, 2, { { .code = 0x60, .k = 3 }, CLASSIC_RETURN_A } },
    { "classic-memory-unset", /* one of two paths stores */
      SKEP_MALFORMED,
      4,
      { { .code = 0x15, .jf = 1 },
        { .code = 0x02, .k = 3 },
        { .code = 0x60, .k = 3 },
        CLASSIC_RETURN_A } },
};

TEST(refuses_by_name)
{
    struct classic_bed bed;
    classic_bed_open(&bed);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *r = &refusals[i];
        struct classic_filter filter;
        skep_error err = { 0 };
        assert_int_equal(classic_open(&bed, r->insns, r->n, &filter, &err), r->status);
        assert_string_equal(skep_error_id(&err), r->id);
    }
    classic_bed_close(&bed);
}

TEST(takes_4096_instructions_and_no_more)
{
    struct classic_bed bed;
    struct classic_filter filter;
    uint8_t packet[14] = { 0 };
    struct skep_classic_insn *insns = calloc(4097, sizeof(*insns));
    classic_bed_open(&bed);
    insns[0] = (struct skep_classic_insn){ .code = 0x05, .k = 4094 }; /* over all that follows */
    for (int i = 1; i < 4096; i++)
        insns[i] = (struct skep_classic_insn){ .code = 0xb1 };
    for (int i = 4095; i < 4097; i++)
        insns[i] = (struct skep_classic_insn)CLASSIC_RETURN(9);
    assert_int_equal(classic_open(&bed, insns, 4097, &filter, NULL), SKEP_MALFORMED);
    assert_int_equal(classic_open(&bed, insns, 4096, &filter, NULL), SKEP_OK);
    assert_int_equal(classic_verdict(&bed, &filter, packet, sizeof(packet)), 9);
    classic_close(&filter);
    insns[0].k = 0; /* and now through them */
    insns[1] = (struct skep_classic_insn){ .code = 0x15, .jt = 254, .jf = 255 };
    assert_int_equal(classic_open(&bed, insns, 4096, &filter, NULL), SKEP_OK);
    assert_int_equal(classic_verdict(&bed, &filter, packet, sizeof(packet)), 9);
    classic_close(&filter);
    free(insns);
    classic_bed_close(&bed);
}

static uint64_t result_of(struct classic_bed *bed, struct skep_classic_insn first)
{
    const struct skep_classic_insn insns[] = { { .code = 0x01, .k = 0xff },
                                               first,
                                               CLASSIC_RETURN_A };
    struct classic_filter filter;
    assert_int_equal(classic_open(bed, insns, 3, &filter, NULL), SKEP_OK);
    uint64_t r0 = classic_run(bed, &filter);
    classic_close(&filter);
    return r0;
}

static uint64_t beside(struct classic_bed *bed, uint32_t k)
{
    return result_of(bed, (struct skep_classic_insn)CLASSIC_BESIDE(k));
}

TEST(reads_what_lies_beside_the_packet)
{
    struct classic_bed bed;
    uint8_t packet[20] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 0x08, 0x00 };
    classic_bed_open(&bed);
    assert_int_equal(skep_packet_set(bed.packet, packet, sizeof(packet)), SKEP_OK);
    assert_int_equal(beside(&bed, 8), 0); /* no device: the filter ends */
    skep_packet_set_field(bed.packet, "ifindex", 3);
    skep_packet_set_field(bed.packet, "mark", 0x12345678);
    skep_packet_set_field(bed.packet, "queue_mapping", 5);
    skep_packet_set_field(bed.packet, "hash", 0x9abcdef0);
    skep_packet_set_field(bed.packet, "vlan_present", 1);
    skep_packet_set_field(bed.packet, "vlan_tci", 0x2007);
    skep_packet_set_field(bed.packet, "vlan_proto", 0x0081); /* network byte order */
    skep_packet_set_field(bed.packet, "protocol", 0x0008);
    skep_packet_set_field(bed.packet, "pkt_type", 1);
    assert_int_equal(beside(&bed, 0), 0x0800);
    assert_int_equal(beside(&bed, 4), 1);
    assert_int_equal(beside(&bed, 8), 3);
    assert_int_equal(beside(&bed, 20), 0x12345678);
    assert_int_equal(beside(&bed, 24), 5);
    assert_int_equal(beside(&bed, 32), 0x9abcdef0);
    assert_int_equal(beside(&bed, 36), skep_thread_cpu(bed.thread));
    assert_int_equal(beside(&bed, 40), 0xff); /* A is 0, X is 255 */
    assert_int_equal(beside(&bed, 44), 0x2007);
    assert_int_equal(beside(&bed, 48), 1);
    assert_int_equal(beside(&bed, 60), 0x8100);
    classic_bed_close(&bed);
}

static uint64_t word_at(struct classic_bed *bed, uint32_t k)
{
    return result_of(bed, (struct skep_classic_insn){ .code = 0x20, .k = k });
}

static const struct skep_hook *socket_filter_hook(const struct classic_bed *bed)
{
    const struct skep_hook *hook = NULL;
    for (size_t i = 0; (hook = skep_env_hook(bed->env, i)); i++)
        if (!strcmp(hook->name, "socket_filter"))
            break;
    return hook;
}

TEST(counts_from_headers)
{
    struct classic_bed bed;
    uint8_t packet[24];
    classic_bed_open(&bed);
    for (uint8_t i = 0; i < sizeof(packet); i++)
        packet[i] = i;
    packet[12] = 8;
    assert_int_equal(skep_packet_set(bed.packet, packet, sizeof(packet)), SKEP_OK);
    socket_filter_hook(&bed)->prepare(bed.packet);
    assert_int_equal(word_at(&bed, 0xfff00000), 0x0e0f1011); /* SKF_NET_OFF */
    assert_int_equal(word_at(&bed, 0xfff00006), 0x14151617);
    assert_int_equal(word_at(&bed, 0xfff00007), 0);
    assert_int_equal(word_at(&bed, 0xffe00000), 0x00010203); /* SKF_LL_OFF */
    assert_int_equal(word_at(&bed, 0xffe00014), 0x14151617);
    assert_int_equal(word_at(&bed, 0xffe00015), 0);
    assert_int_equal(word_at(&bed, 0xffdfffff), 0);
    assert_int_equal(word_at(&bed, 0x80000000), 0);
    const struct skep_classic_insn by_x[] = { { .code = 0x01, .k = 0xfff00004 },
                                              { .code = 0x40, .k = 2 },
                                              CLASSIC_RETURN_A };
    struct classic_filter filter;
    assert_int_equal(classic_open(&bed, by_x, 3, &filter, NULL), SKEP_OK);
    assert_int_equal(classic_run(&bed, &filter), 0x14151617);
    classic_close(&filter);
    classic_bed_close(&bed);
}

TEST(is_of_type_socket_filter)
{
    static const struct skep_classic_insn all[] = { CLASSIC_RETURN(0xffffffff) };
    struct classic_bed bed;
    skep_object *object;
    struct skep_program_info info;
    classic_bed_open(&bed);
    assert_int_equal(skep_object_from_classic(bed.env, NULL, NULL, 1, &object, NULL), SKEP_BAD_ARG);
    assert_int_equal(skep_object_from_classic(bed.env, NULL, all, 1, &object, NULL), SKEP_OK);
    assert_int_equal(skep_object_program(object, 0, &info), SKEP_OK);
    assert_ptr_equal(info.hook, socket_filter_hook(&bed));
    skep_object_close(object);
    classic_bed_close(&bed);
}

UNIT_TESTS(UNIT(refuses_by_name), UNIT(takes_4096_instructions_and_no_more),
           UNIT(reads_what_lies_beside_the_packet), UNIT(counts_from_headers),
           UNIT(is_of_type_socket_filter))
