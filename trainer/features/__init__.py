"""What a frozen backbone says of each image, computed once and kept between runs."""
