/* Every helper: HELPER(symbol of its descriptor). */
