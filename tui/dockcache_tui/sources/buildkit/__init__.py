"""BuildKit's control API, through `docker buildx dial-stdio`, for every node of a builder."""
