/* Obligations, and how one is discharged. */
#ifndef SKEP_TEST_PROOFS_PROVE_H
#define SKEP_TEST_PROOFS_PROVE_H

#include <functional>
#include <string>
#include <vector>

#include "proofs/smt.h"

/* What a proof takes for granted on the way to its claim. */
void assume(truth fact);
/* What a function that the text calls promises. */
void promise(truth antecedent, truth consequent);

/* A step of a proof: proved before what follows may use it. */
inline void have(truth step) { promise(step, step); }

/* The concrete words that a claim speaks of, and the pairs of operands among them: promises are
 * given for these. */
extern std::vector<word> witnesses;
extern std::vector<std::pair<word, word>> witness_pairs;

/* claim() makes the unknowns, assumes what it may, and returns what must follow. */
void obligation(const char *group, const char *name, std::function<truth()> claim);
/* The same, over integers: `claim` makes its own terms. */
void obligation_over_integers(const char *group, const char *name,
                              std::function<z3::expr(z3::context &)> claim);

/* Runs all obligations, or those that the arguments name; the exit status of the program. */
int prove_all(int argc, char **argv);

/* What there is to prove, by file. */
void obligations_of_lemmas(void);
void obligations_of_scalars(void);

#endif
