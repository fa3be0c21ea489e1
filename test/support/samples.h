/* Objects, BTF and .BTF.ext that have some of everything; tests look into them, break them and feed
 * them to fuzzers. */
#ifndef SKEP_TEST_SAMPLES_H
#define SKEP_TEST_SAMPLES_H

#include "support/elf_build.h"

/* Ids of the types in sample_btf, in their order. */
enum sample_type {
    SAMPLE_VOID,
    SAMPLE_INT,   /* int, signed */
    SAMPLE_U8,    /* unsigned char */
    SAMPLE_U64,   /* unsigned long long */
    SAMPLE_BOOL,  /* _Bool */
    SAMPLE_POINT, /* struct point { int x, y; struct point *next; } */
    SAMPLE_POINT_PTR,
    SAMPLE_BYTES,  /* unsigned char[16] */
    SAMPLE_OUTER,  /* struct outer { struct point p[3]; union { int i; float f; };
                                     unsigned flags : 3, rest : 29; } */
    SAMPLE_POINTS, /* struct point[3] */
    SAMPLE_ANON_UNION,
    SAMPLE_FLOAT,
    SAMPLE_ENUM,    /* enum color { RED = 0, GREEN = -1 } signed */
    SAMPLE_ENUM64,  /* enum big { BIG = 1 << 40 } */
    SAMPLE_FWD,     /* struct opaque; */
    SAMPLE_TYPEDEF, /* typedef const volatile int word */
    SAMPLE_CONST,
    SAMPLE_VOLATILE,
    SAMPLE_RESTRICT, /* restrict pointer */
    SAMPLE_TYPE_TAG,
    SAMPLE_PROTO, /* int (int a, const struct point *p, ...) */
    SAMPLE_CONST_POINT,
    SAMPLE_CONST_POINT_PTR,
    SAMPLE_FUNC,     /* the program prog */
    SAMPLE_DECL_TAG, /* on the second parameter of prog */
    SAMPLE_FUNC_PTR, /* int (*)(…) */
    SAMPLE_NUM_1,    /* int[1], of __uint(type, HASH); then pointers to it, … */
    SAMPLE_NUM_1_PTR,
    SAMPLE_NUM_3,
    SAMPLE_NUM_3_PTR,
    SAMPLE_NUM_12,
    SAMPLE_NUM_12_PTR,
    SAMPLE_NUM_16,
    SAMPLE_NUM_16_PTR,
    SAMPLE_EXTRA, /* enum64 { 1 << 40 }, of __ulong(map_extra, …) */
    SAMPLE_EXTRA_PTR,
    SAMPLE_U64_PTR,
    SAMPLE_PROGRAMS, /* int (*values[])(…) */
    SAMPLE_HASH,     /* struct of map "counters" */
    SAMPLE_JUMPS,    /* struct of map "jumps" */
    SAMPLE_INNER,    /* struct of the maps in "outer_map" */
    SAMPLE_INNER_PTR,
    SAMPLE_INNERS,
    SAMPLE_OUTER_MAP,
    SAMPLE_VAR_COUNTERS,
    SAMPLE_VAR_JUMPS,
    SAMPLE_VAR_INNER,
    SAMPLE_VAR_OUTER,
    SAMPLE_SEC_MAPS,
    SAMPLE_VAR_VERSION, /* extern int LINUX_KERNEL_VERSION */
    SAMPLE_VAR_DEBUG,   /* extern _Bool CONFIG_DEBUG, weak */
    SAMPLE_STRING,      /* char[16] */
    SAMPLE_VAR_NAME,    /* extern char CONFIG_NAME[16] */
    SAMPLE_SEC_KCONFIG,
    SAMPLE_VAR_KSYM, /* extern int jiffies_like, weak */
    SAMPLE_KFUNC,    /* extern kernel function */
    SAMPLE_SEC_KSYMS,
    SAMPLE_TYPE_COUNT,
};

void sample_btf(struct out_bytes *out, bool big_endian);
/* record_extra: bytes that each record has more than is known. */
void sample_btf_ext(struct out_bytes *out, bool big_endian, u32 record_extra);

/* An object with the programs, all in "xdp" unless it says otherwise:
 *   prog       maps, data, calls of a static and a global subprogram, source lines, a callback
 *   tail       a second program in the section
 *   configured reads .kconfig and .ksyms externs
 *   poisoned   reads `struct outer`'s p[2].y by CO-RE
 *   unlucky    calls the extern memset
 *   plain      in section "tc": no references; symbol without a type
 * and the maps counters, jumps (with tail at 1), inner_map, outer_map (with inner_map at 0), legacy
 * (in "maps"), .rodata (limit), .data (counter, pointer), .bss (zeros). */
u8 *sample_object(bool big_endian, bool rela, size_t *size);

#endif
