"""OpenRosa for volunteers' telephones: ODK Collect takes forms before the walk and hands them in after it."""
