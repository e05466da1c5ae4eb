# SPDX-License-Identifier: GPL-2.0
"""Configuration of Sphinx, for "make doc"; the kernel's own extensions read the
comments of the sources and make links."""

import os
import sys

# the kernel source, and our checkout, which kerneldoc wants absolute
source, top = os.environ["EUDP_KERNEL_SOURCE"], os.environ["EUDP_TOP"]
sys.path.insert(0, f"{source}/Documentation/sphinx")

project = "eudp"
extensions = ["automarkup", "kerneldoc"]
kerneldoc_bin = f"{source}/scripts/kernel-doc"
kerneldoc_srctree = top
primary_domain = "c"
# what is no C
c_id_attributes = ["__user", "__rcu"]
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {"page_width": "70em", "description": "UDP as a module"}
html_show_copyright = False
html_copy_source = False
html_extra_path = [os.environ["EUDP_MAN"]]
