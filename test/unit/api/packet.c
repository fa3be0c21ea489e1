/* Packets through the public header: in one piece and in fragments. */
#include "support/unit.h"
#include <skep/skep.h>

static uint8_t frame[65536];

static skep_packet *packet_make(skep_env **env, size_t capacity)
{
    skep_packet *packet;
    for (size_t i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(skep_env_new(NULL, env, NULL), SKEP_OK);
    assert_int_equal(skep_packet_new(*env, capacity, &packet), SKEP_OK);
    return packet;
}

TEST(a_packet_in_fragments_is_read_across_them)
{
    skep_env *env;
    skep_packet *packet = packet_make(&env, 200);
    uint8_t bytes[1000];
    size_t linear;
    assert_int_equal(skep_packet_set_frags(packet, frame, 1000, 100, 300), SKEP_OK);
    assert_int_equal(skep_packet_size(packet), 1000);
    assert_memory_equal(skep_packet_data(packet, &linear), frame, 100);
    assert_int_equal(linear, 100);
    assert_int_equal(skep_packet_read(packet, 0, bytes, 1000), SKEP_OK);
    assert_memory_equal(bytes, frame, 1000);
    assert_int_equal(skep_packet_read(packet, 99, bytes, 302), SKEP_OK);
    assert_memory_equal(bytes, frame + 99, 302);
    assert_int_equal(skep_packet_read(packet, 1000, bytes, 0), SKEP_OK);
    assert_int_equal(skep_packet_read(packet, 1000, bytes, 1), SKEP_BAD_ARG);
    assert_int_equal(skep_packet_read(packet, SIZE_MAX, bytes, 2), SKEP_BAD_ARG);
    assert_int_equal(skep_packet_read(packet, 2, bytes, SIZE_MAX), SKEP_BAD_ARG);
    assert_int_equal(skep_packet_set(packet, frame, 150), SKEP_OK);
    assert_int_equal(skep_packet_size(packet), 150);
    skep_packet_free(packet);
    skep_env_free(env);
}

TEST(fragments_have_limits)
{
    skep_env *env;
    skep_packet *packet = packet_make(&env, 200);
    size_t linear;
    assert_int_equal(skep_packet_set_frags(packet, frame, 150, 1000, 300), SKEP_OK);
    skep_packet_data(packet, &linear);
    assert_int_equal(linear, 150); /* no fragment */
    assert_int_equal(skep_packet_set_frags(packet, frame, 1000, 201, 300), SKEP_LIMIT);
    assert_int_equal(skep_packet_set_frags(packet, frame, 1000, 100, 0), SKEP_LIMIT);
    assert_int_equal(skep_packet_set_frags(packet, frame, 1000, 100, 52), SKEP_LIMIT);
    assert_int_equal(skep_packet_set_frags(packet, frame, 1000, 100, 53), SKEP_OK);
    assert_int_equal(skep_packet_set_frags(packet, frame, 65535, 100, 4096), SKEP_OK);
    assert_int_equal(skep_packet_set_frags(packet, frame, 65536, 100, 4096), SKEP_LIMIT);
    assert_int_equal(skep_packet_set_frags(packet, frame, 1000, 0, 1 << 20), SKEP_LIMIT);
    skep_packet_free(packet);
    skep_env_free(env);
}

TEST(the_length_follows_from_the_bytes)
{
    skep_env *env;
    skep_packet *packet = packet_make(&env, 200);
    uint64_t length;
    assert_int_equal(skep_packet_set_frags(packet, frame, 1000, 100, 300), SKEP_OK);
    assert_int_equal(skep_packet_set_field(packet, "len", 5000), SKEP_BAD_ARG);
    assert_int_equal(skep_packet_field(packet, "len", &length), SKEP_OK);
    assert_int_equal(length, 1000);
    skep_packet_free(packet);
    skep_env_free(env);
}

UNIT_TESTS(UNIT(a_packet_in_fragments_is_read_across_them), UNIT(fragments_have_limits),
           UNIT(the_length_follows_from_the_bytes))
