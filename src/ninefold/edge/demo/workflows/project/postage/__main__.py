"""Prints the price list of a zone, or, without one, what the workflow has to know."""

import json
import sys

from postage import VERSION, ZONES, price_list

if len(sys.argv) > 1:
    sys.stdout.writelines(f"{line}\n" for line in price_list(sys.argv[1]))
else:
    sys.stdout.write(f"version={VERSION}\nzones={json.dumps(list(ZONES))}\n")
