//! The screens: a file a screen, its view, its DTOs, its server functions.
