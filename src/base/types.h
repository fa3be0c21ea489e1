/* The integer types and the few macros that all files use. */
#ifndef SKEP_SRC_BASE_TYPES_H
#define SKEP_SRC_BASE_TYPES_H

#include <skep/base.h>

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Leaves the function with the status of a call that failed. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        skep_status try_status_ = (call);                                                          \
        if (try_status_ != SKEP_OK)                                                                \
            return try_status_;                                                                    \
    } while (0)

#if defined(__GNUC__)
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define NOINLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define COLD __attribute__((cold, noinline))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define LIKELY(x) (x)
#define UNLIKELY(x) (x)
#define NOINLINE
#define ALWAYS_INLINE inline
#define COLD
#define PRINTF_LIKE(fmt, args)
#endif

/* States that control cannot get here; in debug builds it says so. */
#if defined(NDEBUG) && defined(__GNUC__)
#define UNREACHABLE() __builtin_unreachable()
#else
#define UNREACHABLE() assert(0 && "unreachable")
#endif

#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline u32 min_u32(u32 a, u32 b) { return a < b ? a : b; }
static inline u32 max_u32(u32 a, u32 b) { return a > b ? a : b; }
static inline u64 min_u64(u64 a, u64 b) { return a < b ? a : b; }
static inline u64 max_u64(u64 a, u64 b) { return a > b ? a : b; }

/* Rounds up to a multiple of a power of two; the caller has excluded overflow. */
static inline u64 round_up_u64(u64 x, u64 power_of_two)
{
    return (x + power_of_two - 1) & ~(power_of_two - 1);
}

/* Checked arithmetic on sizes that come from outside: false when the result does not fit. */
static inline bool add_ok(u64 a, u64 b, u64 *sum) { return !__builtin_add_overflow(a, b, sum); }
static inline bool mul_ok(u64 a, u64 b, u64 *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

#endif
