"""Who is kept out at the door: disposable and blocked domains, domains without mail, floods."""
