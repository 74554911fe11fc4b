//! In which capacity somebody signs.

use super::words::words;

words! {
    /// What an organisation may be registered as. Which role may say what is the ledger's to decide.
    Role {
        Carrier = "carrier",
        Coop = "coop",
        Farm = "farm",
        Host = "host",
        Lab = "lab",
        Packhouse = "packhouse",
        Platform = "platform",
        Processor = "processor",
        Registrar = "registrar",
        Regulator = "regulator",
        Warehouse = "warehouse",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_sort_as_their_text() {
        assert_eq!(Role::ALL.len(), 11);
        assert!(Role::ALL.is_sorted());
        assert!(Role::ALL.is_sorted_by_key(|role| role.as_str()));
    }

    #[test]
    fn every_role_reads_back_and_other_words_are_refused() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(*role));
        }
        for bad in ["", "Farm", "farm ", "admin"] {
            let error = bad.parse::<Role>().unwrap_err();
            assert!(error.to_string().starts_with("it is one of carrier, coop, farm"), "{error}");
        }
    }
}
