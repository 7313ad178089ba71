"""What the House says aloud: clips and synthesised speech, and the right to ask for them."""
