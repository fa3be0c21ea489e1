/* Every program type: HOOK(symbol of its descriptor). */
