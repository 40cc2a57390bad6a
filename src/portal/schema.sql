CREATE TABLE settings_current (id INT AUTO_INCREMENT NOT NULL PRIMARY KEY, variable VARCHAR(255), subkey VARCHAR(255), selected_value VARCHAR(255), access_url INT);
