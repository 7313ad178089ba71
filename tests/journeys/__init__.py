"""The walks of HOUSE.md, whole: real processes, over HTTP, with the line cut and workers killed."""
