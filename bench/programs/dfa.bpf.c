/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A table-driven automaton over 1,024 bytes that counts numbers, words and escapes. */
#include "program.h"

enum { OUT, WORD, NUMBER, ESCAPE, N_STATES };
enum { LETTER, DIGIT, BLANK, BACKSLASH, N_CLASSES };

static const u8 next_state[N_STATES][N_CLASSES] = {
    [OUT] = { WORD, NUMBER, OUT, ESCAPE },
    [WORD] = { WORD, WORD, OUT, ESCAPE },
    [NUMBER] = { WORD, NUMBER, OUT, ESCAPE },
    [ESCAPE] = { OUT, NUMBER, OUT, OUT },
};
static const u8 class_of[16] = {
    LETTER, LETTER, DIGIT, BLANK,  LETTER, DIGIT,     LETTER, BLANK,
    DIGIT,  LETTER, BLANK, LETTER, DIGIT,  BACKSLASH, LETTER, LETTER,
};

PROGRAM(dfa)
{
    u32 state = OUT;
    u64 seen = 0;
    for (u32 i = 0; i < 1024; i++) {
        state = next_state[state & 3][class_of[w->a8[i] & 15] & 3];
        seen += 1ull << (state & 3) * 16;
    }
    return fold(seen * 0x9e3779b97f4a7c15u);
}
