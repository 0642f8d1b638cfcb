"""What training changes at random in the pictures it shows, and no judgement ever does."""
