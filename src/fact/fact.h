/* The door of fact/: what is known about a program, as data.
 *   scalar   sets of 64-bit numbers
 *   value    what a register may hold, interned
 *   state    all that is known at one instruction, on the paths that a state stands for
 *   witness  the states of all instructions: what a verification has shown
 *   facts    the same joined and boiled down, for compilers: a row per instruction
 * Who computes it is in verify/. */
#ifndef SKEP_SRC_FACT_FACT_H
#define SKEP_SRC_FACT_FACT_H

#include "fact/facts.h"
#include "fact/scalar.h"
#include "fact/state.h"
#include "fact/value.h"
#include "fact/witness.h"

#endif
