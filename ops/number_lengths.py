#!/usr/bin/env python3
"""Writes the lengths that numbers of each country may have, from the metadata of the Python package `phonenumbers`.

    pip install phonenumbers==9.0.43
    ops/number_lengths.py > engine/src/number_lengths/table.rs && cargo fmt --all

The package is Google's libphonenumber (Apache-2.0). A length is taken if numbers of subscribers may have it: mobile,
fixed, voice over IP, personal and pager numbers; for codes that have none of these, if any number may have it. The
metadata is behind the world in places, so that lengths which are still in use are kept by hand.
"""

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.phonemetadata import PhoneMetadata

# Lengths without the calling code that are in use though the metadata has them no longer: mobile numbers of Mexico
# with the 1 that was dropped in 2019.
KEPT = {52: {11}}

# The longest number (ITU-T E.164 §6).
DIGITS_MAX = 15


def lengths(metadata):
    """The lengths of a region's numbers of subscribers, without the calling code."""
    kinds = (metadata.mobile, metadata.fixed_line, metadata.voip, metadata.personal_number, metadata.pager)
    found = {length for kind in kinds if kind for length in kind.possible_length}
    found.discard(-1)
    return found or set(metadata.general_desc.possible_length)


def metadata_of(code, region):
    if region == "001":
        return PhoneMetadata.metadata_for_nongeo_region(code)
    return PhoneMetadata.metadata_for_region(region)


def main():
    PhoneMetadata.load_all()
    print("//! Made by `ops/number_lengths.py` from the metadata of libphonenumber 9.0.43 (Apache-2.0). Not to be edited.")
    print()
    print("/// Calling codes, each with a bit for every number of digits that its numbers may have, the code included.")
    print("pub const LENGTHS: &[(u16, u16)] = &[")
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        national = set(KEPT.get(code, ()))
        for region in regions:
            national |= lengths(metadata_of(code, region))
        whole = {length + len(str(code)) for length in national}
        bits = sum(1 << length for length in whole if length <= DIGITS_MAX)
        print(f"    ({code}, {bits:#06x}),")
    print("];")


if __name__ == "__main__":
    main()
