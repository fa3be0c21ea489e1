/* Every map type: MAP_TYPE(symbol of its descriptor). */
