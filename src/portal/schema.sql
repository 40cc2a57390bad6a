-- The tables of a Chamilo LMS 1.11.32 portal: names, columns in their order, types, keys and indexes, as the project's
-- description of Chamilo's schema states them (chamilo-schema.json). Optional columns, which an administrator adds by
-- hand, are left out; of the plugins' tables those are here that hold course content.
--
-- One text for two databases. MariaDB takes it as it stands; SQLite after `sqlite::dialect` has replaced the
-- auto-increment keys, which for that reason are all written alike. Hence indexes stand outside CREATE TABLE and carry
-- their table's name (SQLite wants index names to be unique in a database), and tables name no engine and no character
-- set: both come from the database (InnoDB; utf8 with utf8_unicode_ci in Chamilo). SQLite compares text by bytes.
--
-- Every column without NOT NULL may be NULL; a NOT NULL column without DEFAULT needs a value in every INSERT.

CREATE TABLE `access_url` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `url` VARCHAR(255) NOT NULL,
    `description` LONGTEXT NOT NULL,
    `active` INT NOT NULL,
    `created_by` INT NOT NULL,
    `tms` DATETIME DEFAULT NULL,
    `url_type` TINYINT(1) DEFAULT NULL
);

CREATE TABLE `branch_sync` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `parent_id` INT DEFAULT NULL,
    `access_url_id` INT NOT NULL,
    `unique_id` VARCHAR(50) NOT NULL,
    `branch_name` VARCHAR(250) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `branch_ip` VARCHAR(40) DEFAULT NULL,
    `latitude` NUMERIC(10, 0) DEFAULT NULL,
    `longitude` NUMERIC(10, 0) DEFAULT NULL,
    `dwn_speed` INT DEFAULT NULL,
    `up_speed` INT DEFAULT NULL,
    `delay` INT DEFAULT NULL,
    `admin_mail` VARCHAR(250) DEFAULT NULL,
    `admin_name` VARCHAR(250) DEFAULT NULL,
    `admin_phone` VARCHAR(250) DEFAULT NULL,
    `last_sync_trans_id` BIGINT DEFAULT NULL,
    `last_sync_trans_date` DATETIME DEFAULT NULL,
    `last_sync_type` VARCHAR(20) DEFAULT NULL,
    `ssl_pub_key` VARCHAR(250) DEFAULT NULL,
    `branch_type` VARCHAR(250) DEFAULT NULL,
    `lft` INT DEFAULT NULL,
    `rgt` INT DEFAULT NULL,
    `lvl` INT DEFAULT NULL,
    `root` INT DEFAULT NULL,
    CONSTRAINT `FK_F62F45ED727ACA70` FOREIGN KEY (`parent_id`) REFERENCES `branch_sync` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `branch_sync__UNIQ_F62F45EDE3C68343` ON `branch_sync` (`unique_id`);
CREATE INDEX `branch_sync__IDX_F62F45ED727ACA70` ON `branch_sync` (`parent_id`);

CREATE TABLE `room` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `branch_id` INT DEFAULT NULL,
    `title` VARCHAR(255) DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `geolocation` VARCHAR(255) DEFAULT NULL,
    `ip` VARCHAR(39) DEFAULT NULL,
    `ip_mask` VARCHAR(6) DEFAULT NULL,
    CONSTRAINT `FK_729F519BDCD6CC49` FOREIGN KEY (`branch_id`) REFERENCES `branch_sync` (`id`)
);
CREATE INDEX `room__IDX_729F519BDCD6CC49` ON `room` (`branch_id`);

CREATE TABLE `course` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `room_id` INT DEFAULT NULL,
    `title` VARCHAR(250) DEFAULT NULL,
    `code` VARCHAR(40) NOT NULL,
    `directory` VARCHAR(40) DEFAULT NULL,
    `course_language` VARCHAR(20) DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `category_code` VARCHAR(40) DEFAULT NULL,
    `visibility` INT DEFAULT NULL,
    `show_score` INT DEFAULT NULL,
    `tutor_name` VARCHAR(200) DEFAULT NULL,
    `visual_code` VARCHAR(40) DEFAULT NULL,
    `department_name` VARCHAR(30) DEFAULT NULL,
    `department_url` VARCHAR(180) DEFAULT NULL,
    `disk_quota` BIGINT DEFAULT NULL,
    `last_visit` DATETIME DEFAULT NULL,
    `last_edit` DATETIME DEFAULT NULL,
    `creation_date` DATETIME DEFAULT NULL,
    `expiration_date` DATETIME DEFAULT NULL,
    `subscribe` TINYINT(1) DEFAULT NULL,
    `unsubscribe` TINYINT(1) DEFAULT NULL,
    `registration_code` VARCHAR(255) DEFAULT NULL,
    `legal` LONGTEXT DEFAULT NULL,
    `activate_legal` INT DEFAULT NULL,
    `add_teachers_to_sessions_courses` TINYINT(1) DEFAULT NULL,
    `course_type_id` INT DEFAULT NULL,
    CONSTRAINT `FK_169E6FB954177093` FOREIGN KEY (`room_id`) REFERENCES `room` (`id`)
);
CREATE UNIQUE INDEX `course__UNIQ_169E6FB977153098` ON `course` (`code`);
CREATE INDEX `course__IDX_169E6FB954177093` ON `course` (`room_id`);
CREATE INDEX `course__category_code` ON `course` (`category_code`);
CREATE INDEX `course__directory` ON `course` (`directory`);

CREATE TABLE `access_url_rel_course` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT DEFAULT NULL,
    `access_url_id` INT DEFAULT NULL,
    CONSTRAINT `FK_8E97FC0891D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`),
    CONSTRAINT `FK_8E97FC0873444FD5` FOREIGN KEY (`access_url_id`) REFERENCES `access_url` (`id`)
);
CREATE INDEX `access_url_rel_course__IDX_8E97FC0891D79BD3` ON `access_url_rel_course` (`c_id`);
CREATE INDEX `access_url_rel_course__IDX_8E97FC0873444FD5` ON `access_url_rel_course` (`access_url_id`);

CREATE TABLE `access_url_rel_course_category` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `access_url_id` INT NOT NULL,
    `course_category_id` INT NOT NULL
);

CREATE TABLE `access_url_rel_session` (
    `access_url_id` INT NOT NULL,
    `session_id` INT NOT NULL,
    PRIMARY KEY (`access_url_id`, `session_id`)
);

CREATE TABLE `user` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT DEFAULT NULL,
    `username` VARCHAR(100) NOT NULL,
    `username_canonical` VARCHAR(100) NOT NULL,
    `email_canonical` VARCHAR(100) NOT NULL,
    `email` VARCHAR(100) NOT NULL,
    `locked` TINYINT(1) NOT NULL,
    `enabled` TINYINT(1) NOT NULL,
    `expired` TINYINT(1) NOT NULL,
    `credentials_expired` TINYINT(1) NOT NULL,
    `credentials_expire_at` DATETIME DEFAULT NULL,
    `expires_at` DATETIME DEFAULT NULL,
    `lastname` VARCHAR(60) DEFAULT NULL,
    `firstname` VARCHAR(60) DEFAULT NULL,
    `password` VARCHAR(255) NOT NULL,
    `phone` VARCHAR(30) DEFAULT NULL,
    `address` VARCHAR(250) DEFAULT NULL,
    `salt` VARCHAR(255) NOT NULL,
    `last_login` DATETIME DEFAULT NULL,
    `created_at` DATETIME DEFAULT NULL,
    `updated_at` DATETIME DEFAULT NULL,
    `confirmation_token` VARCHAR(255) DEFAULT NULL,
    `password_requested_at` DATETIME DEFAULT NULL,
    `roles` LONGTEXT NOT NULL,
    `profile_completed` TINYINT(1) DEFAULT NULL,
    `auth_source` VARCHAR(50) DEFAULT NULL,
    `status` INT NOT NULL,
    `official_code` VARCHAR(40) DEFAULT NULL,
    `picture_uri` VARCHAR(250) DEFAULT NULL,
    `creator_id` INT DEFAULT NULL,
    `competences` LONGTEXT DEFAULT NULL,
    `diplomas` LONGTEXT DEFAULT NULL,
    `openarea` LONGTEXT DEFAULT NULL,
    `teach` LONGTEXT DEFAULT NULL,
    `productions` VARCHAR(250) DEFAULT NULL,
    `language` VARCHAR(40) DEFAULT NULL,
    `registration_date` DATETIME NOT NULL,
    `expiration_date` DATETIME DEFAULT NULL,
    `active` TINYINT(1) NOT NULL,
    `openid` VARCHAR(255) DEFAULT NULL,
    `theme` VARCHAR(255) DEFAULT NULL,
    `hr_dept_id` SMALLINT DEFAULT NULL
);
CREATE UNIQUE INDEX `user__UNIQ_8D93D649F85E0677` ON `user` (`username`);
CREATE INDEX `user__idx_user_uid` ON `user` (`user_id`);
CREATE INDEX `user__status` ON `user` (`status`);

CREATE TABLE `access_url_rel_user` (
    `access_url_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    PRIMARY KEY (`access_url_id`, `user_id`),
    CONSTRAINT `FK_85574263A76ED395` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_8557426373444FD5` FOREIGN KEY (`access_url_id`) REFERENCES `access_url` (`id`)
);
CREATE INDEX `access_url_rel_user__idx_access_url_rel_user_user` ON `access_url_rel_user` (`user_id`);
CREATE INDEX `access_url_rel_user__idx_access_url_rel_user_access_url` ON `access_url_rel_user` (`access_url_id`);
CREATE INDEX `access_url_rel_user__idx_access_url_rel_user_access_url_user` ON `access_url_rel_user` (`user_id`, `access_url_id`);

CREATE TABLE `access_url_rel_usergroup` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `access_url_id` INT NOT NULL,
    `usergroup_id` INT NOT NULL
);

CREATE TABLE `admin` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL
);
CREATE UNIQUE INDEX `admin__user_id` ON `admin` (`user_id`);

CREATE TABLE `announcement_rel_group` (
    `group_id` INT NOT NULL,
    `announcement_id` INT NOT NULL,
    PRIMARY KEY (`group_id`, `announcement_id`)
);

CREATE TABLE `c_announcement` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `title` LONGTEXT DEFAULT NULL,
    `content` LONGTEXT DEFAULT NULL,
    `end_date` DATE DEFAULT NULL,
    `display_order` INT NOT NULL,
    `email_sent` TINYINT(1) DEFAULT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `c_announcement__course` ON `c_announcement` (`c_id`);
CREATE INDEX `c_announcement__session_id` ON `c_announcement` (`session_id`);

CREATE TABLE `c_announcement_attachment` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `path` VARCHAR(255) NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `size` INT NOT NULL,
    `announcement_id` INT NOT NULL,
    `filename` VARCHAR(255) NOT NULL
);
CREATE INDEX `c_announcement_attachment__course` ON `c_announcement_attachment` (`c_id`);

CREATE TABLE `c_attendance` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `name` LONGTEXT NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `active` TINYINT(1) NOT NULL,
    `attendance_qualify_title` VARCHAR(255) DEFAULT NULL,
    `attendance_qualify_max` INT NOT NULL,
    `attendance_weight` DOUBLE PRECISION NOT NULL,
    `session_id` INT NOT NULL,
    `locked` INT NOT NULL
);
CREATE INDEX `c_attendance__course` ON `c_attendance` (`c_id`);
CREATE INDEX `c_attendance__session_id` ON `c_attendance` (`session_id`);
CREATE INDEX `c_attendance__active` ON `c_attendance` (`active`);

CREATE TABLE `c_attendance_calendar` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `attendance_id` INT NOT NULL,
    `date_time` DATETIME NOT NULL,
    `done_attendance` TINYINT(1) NOT NULL
);
CREATE INDEX `c_attendance_calendar__course` ON `c_attendance_calendar` (`c_id`);
CREATE INDEX `c_attendance_calendar__attendance_id` ON `c_attendance_calendar` (`attendance_id`);
CREATE INDEX `c_attendance_calendar__done_attendance` ON `c_attendance_calendar` (`done_attendance`);

CREATE TABLE `c_attendance_calendar_rel_group` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `group_id` INT NOT NULL,
    `calendar_id` INT NOT NULL
);
CREATE INDEX `c_attendance_calendar_rel_group__course` ON `c_attendance_calendar_rel_group` (`c_id`);
CREATE INDEX `c_attendance_calendar_rel_group__group` ON `c_attendance_calendar_rel_group` (`group_id`);

CREATE TABLE `c_attendance_result` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `attendance_id` INT NOT NULL,
    `score` INT NOT NULL
);
CREATE INDEX `c_attendance_result__course` ON `c_attendance_result` (`c_id`);
CREATE INDEX `c_attendance_result__attendance_id` ON `c_attendance_result` (`attendance_id`);
CREATE INDEX `c_attendance_result__user_id` ON `c_attendance_result` (`user_id`);

CREATE TABLE `c_attendance_sheet` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `presence` TINYINT(1) NOT NULL,
    `user_id` INT NOT NULL,
    `attendance_calendar_id` INT NOT NULL
);
CREATE INDEX `c_attendance_sheet__course` ON `c_attendance_sheet` (`c_id`);
CREATE INDEX `c_attendance_sheet__user` ON `c_attendance_sheet` (`user_id`);
CREATE INDEX `c_attendance_sheet__presence` ON `c_attendance_sheet` (`presence`);

CREATE TABLE `c_attendance_sheet_log` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `attendance_id` INT NOT NULL,
    `lastedit_date` DATETIME NOT NULL,
    `lastedit_type` VARCHAR(200) NOT NULL,
    `lastedit_user_id` INT NOT NULL,
    `calendar_date_value` DATETIME DEFAULT NULL
);
CREATE INDEX `c_attendance_sheet_log__course` ON `c_attendance_sheet_log` (`c_id`);

CREATE TABLE `c_blog` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `blog_id` INT NOT NULL,
    `blog_name` VARCHAR(250) NOT NULL,
    `blog_subtitle` VARCHAR(250) DEFAULT NULL,
    `date_creation` DATETIME NOT NULL,
    `visibility` TINYINT(1) NOT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `c_blog__course` ON `c_blog` (`c_id`);
CREATE INDEX `c_blog__session_id` ON `c_blog` (`session_id`);

CREATE TABLE `c_blog_attachment` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `path` VARCHAR(255) NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `size` INT NOT NULL,
    `post_id` INT NOT NULL,
    `filename` VARCHAR(255) NOT NULL,
    `blog_id` INT NOT NULL,
    `comment_id` INT NOT NULL
);
CREATE INDEX `c_blog_attachment__course` ON `c_blog_attachment` (`c_id`);

CREATE TABLE `c_blog_comment` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `comment_id` INT NOT NULL,
    `c_id` INT NOT NULL,
    `title` VARCHAR(250) NOT NULL,
    `comment` LONGTEXT NOT NULL,
    `author_id` INT NOT NULL,
    `date_creation` DATETIME NOT NULL,
    `blog_id` INT NOT NULL,
    `post_id` INT NOT NULL,
    `task_id` INT DEFAULT NULL,
    `parent_comment_id` INT NOT NULL
);
CREATE INDEX `c_blog_comment__course` ON `c_blog_comment` (`c_id`);

CREATE TABLE `c_blog_post` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `blog_id` INT NOT NULL,
    `c_id` INT NOT NULL,
    `title` VARCHAR(250) NOT NULL,
    `full_text` LONGTEXT NOT NULL,
    `date_creation` DATETIME NOT NULL,
    `author_id` INT NOT NULL,
    `post_id` INT NOT NULL
);
CREATE INDEX `c_blog_post__course` ON `c_blog_post` (`c_id`);

CREATE TABLE `c_blog_rating` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `rating_id` INT NOT NULL,
    `c_id` INT NOT NULL,
    `blog_id` INT NOT NULL,
    `rating_type` VARCHAR(40) NOT NULL,
    `item_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `rating` INT NOT NULL
);
CREATE INDEX `c_blog_rating__course` ON `c_blog_rating` (`c_id`);

CREATE TABLE `c_blog_rel_user` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `blog_id` INT NOT NULL,
    `user_id` INT NOT NULL
);
CREATE INDEX `c_blog_rel_user__course` ON `c_blog_rel_user` (`c_id`);

CREATE TABLE `c_blog_task` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `task_id` INT NOT NULL,
    `c_id` INT NOT NULL,
    `blog_id` INT NOT NULL,
    `title` VARCHAR(250) NOT NULL,
    `description` LONGTEXT NOT NULL,
    `color` VARCHAR(10) NOT NULL,
    `system_task` TINYINT(1) NOT NULL
);
CREATE INDEX `c_blog_task__course` ON `c_blog_task` (`c_id`);

CREATE TABLE `c_blog_task_rel_user` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `blog_id` INT NOT NULL,
    `target_date` DATE NOT NULL,
    `user_id` INT NOT NULL,
    `task_id` INT NOT NULL
);
CREATE INDEX `c_blog_task_rel_user__course` ON `c_blog_task_rel_user` (`c_id`);
CREATE INDEX `c_blog_task_rel_user__user` ON `c_blog_task_rel_user` (`user_id`);
CREATE INDEX `c_blog_task_rel_user__task` ON `c_blog_task_rel_user` (`task_id`);

CREATE TABLE `c_calendar_event` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `room_id` INT DEFAULT NULL,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `title` VARCHAR(255) NOT NULL,
    `content` LONGTEXT DEFAULT NULL,
    `start_date` DATETIME DEFAULT NULL,
    `end_date` DATETIME DEFAULT NULL,
    `parent_event_id` INT DEFAULT NULL,
    `session_id` INT NOT NULL,
    `all_day` INT NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `color` VARCHAR(100) DEFAULT NULL,
    CONSTRAINT `FK_A062258154177093` FOREIGN KEY (`room_id`) REFERENCES `room` (`id`)
);
CREATE INDEX `c_calendar_event__IDX_A062258154177093` ON `c_calendar_event` (`room_id`);
CREATE INDEX `c_calendar_event__course` ON `c_calendar_event` (`c_id`);
CREATE INDEX `c_calendar_event__session_id` ON `c_calendar_event` (`session_id`);

CREATE TABLE `c_calendar_event_attachment` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `path` VARCHAR(255) NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `size` INT NOT NULL,
    `agenda_id` INT NOT NULL,
    `filename` VARCHAR(255) NOT NULL
);
CREATE INDEX `c_calendar_event_attachment__course` ON `c_calendar_event_attachment` (`c_id`);

CREATE TABLE `c_calendar_event_repeat` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `cal_id` INT NOT NULL,
    `c_id` INT NOT NULL,
    `cal_type` VARCHAR(20) DEFAULT NULL,
    `cal_end` INT DEFAULT NULL,
    `cal_frequency` INT DEFAULT NULL,
    `cal_days` VARCHAR(7) DEFAULT NULL
);
CREATE INDEX `c_calendar_event_repeat__course` ON `c_calendar_event_repeat` (`c_id`);

CREATE TABLE `c_calendar_event_repeat_not` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `cal_id` INT NOT NULL,
    `cal_date` INT NOT NULL
);
CREATE INDEX `c_calendar_event_repeat_not__course` ON `c_calendar_event_repeat_not` (`c_id`);

CREATE TABLE `c_chat_connected` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `session_id` INT NOT NULL,
    `to_group_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `last_connection` DATETIME NOT NULL
);
CREATE INDEX `c_chat_connected__course` ON `c_chat_connected` (`c_id`);
CREATE INDEX `c_chat_connected__user` ON `c_chat_connected` (`user_id`);
CREATE INDEX `c_chat_connected__char_connected_index` ON `c_chat_connected` (`user_id`, `session_id`, `to_group_id`);

CREATE TABLE `c_course_description` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `title` VARCHAR(255) DEFAULT NULL,
    `content` LONGTEXT DEFAULT NULL,
    `session_id` INT DEFAULT NULL,
    `description_type` INT NOT NULL,
    `progress` INT NOT NULL
);
CREATE INDEX `c_course_description__session_id` ON `c_course_description` (`session_id`);

CREATE TABLE `c_course_setting` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `variable` VARCHAR(255) NOT NULL,
    `subkey` VARCHAR(255) DEFAULT NULL,
    `type` VARCHAR(255) DEFAULT NULL,
    `category` VARCHAR(255) DEFAULT NULL,
    `value` LONGTEXT DEFAULT NULL,
    `title` VARCHAR(255) NOT NULL,
    `comment` VARCHAR(255) DEFAULT NULL,
    `subkeytext` VARCHAR(255) DEFAULT NULL
);
CREATE INDEX `c_course_setting__course` ON `c_course_setting` (`c_id`);

CREATE TABLE `c_document` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `path` VARCHAR(255) NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `title` VARCHAR(255) DEFAULT NULL,
    `filetype` VARCHAR(10) NOT NULL,
    `size` INT NOT NULL,
    `readonly` TINYINT(1) NOT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `c_document__course` ON `c_document` (`c_id`);

CREATE TABLE `c_dropbox_category` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `cat_id` INT NOT NULL,
    `cat_name` LONGTEXT NOT NULL,
    `received` TINYINT(1) NOT NULL,
    `sent` TINYINT(1) NOT NULL,
    `user_id` INT NOT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `c_dropbox_category__course` ON `c_dropbox_category` (`c_id`);
CREATE INDEX `c_dropbox_category__session_id` ON `c_dropbox_category` (`session_id`);

CREATE TABLE `c_dropbox_feedback` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `feedback_id` INT NOT NULL,
    `file_id` INT NOT NULL,
    `author_user_id` INT NOT NULL,
    `feedback` LONGTEXT NOT NULL,
    `feedback_date` DATETIME NOT NULL
);
CREATE INDEX `c_dropbox_feedback__course` ON `c_dropbox_feedback` (`c_id`);
CREATE INDEX `c_dropbox_feedback__file_id` ON `c_dropbox_feedback` (`file_id`);
CREATE INDEX `c_dropbox_feedback__author_user_id` ON `c_dropbox_feedback` (`author_user_id`);

CREATE TABLE `c_dropbox_file` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `uploader_id` INT NOT NULL,
    `filename` VARCHAR(250) NOT NULL,
    `filesize` INT NOT NULL,
    `title` VARCHAR(250) DEFAULT NULL,
    `description` VARCHAR(250) DEFAULT NULL,
    `author` VARCHAR(250) DEFAULT NULL,
    `upload_date` DATETIME NOT NULL,
    `last_upload_date` DATETIME NOT NULL,
    `cat_id` INT NOT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `c_dropbox_file__course` ON `c_dropbox_file` (`c_id`);
CREATE INDEX `c_dropbox_file__session_id` ON `c_dropbox_file` (`session_id`);
CREATE UNIQUE INDEX `c_dropbox_file__UN_filename` ON `c_dropbox_file` (`filename`);

CREATE TABLE `c_dropbox_person` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `file_id` INT NOT NULL,
    `user_id` INT NOT NULL
);
CREATE INDEX `c_dropbox_person__course` ON `c_dropbox_person` (`c_id`);
CREATE INDEX `c_dropbox_person__user` ON `c_dropbox_person` (`user_id`);

CREATE TABLE `c_dropbox_post` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `feedback_date` DATETIME NOT NULL,
    `feedback` LONGTEXT DEFAULT NULL,
    `cat_id` INT NOT NULL,
    `session_id` INT NOT NULL,
    `c_id` INT NOT NULL,
    `file_id` INT NOT NULL,
    `dest_user_id` INT NOT NULL
);
CREATE INDEX `c_dropbox_post__course` ON `c_dropbox_post` (`c_id`);
CREATE INDEX `c_dropbox_post__dest_user` ON `c_dropbox_post` (`dest_user_id`);
CREATE INDEX `c_dropbox_post__session_id` ON `c_dropbox_post` (`session_id`);

CREATE TABLE `c_forum_attachment` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `path` VARCHAR(255) NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `size` INT NOT NULL,
    `post_id` INT NOT NULL,
    `filename` VARCHAR(255) NOT NULL
);
CREATE INDEX `c_forum_attachment__course` ON `c_forum_attachment` (`c_id`);

CREATE TABLE `c_forum_category` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `cat_title` VARCHAR(255) NOT NULL,
    `cat_comment` LONGTEXT DEFAULT NULL,
    `cat_order` INT NOT NULL,
    `locked` INT NOT NULL,
    `session_id` INT NOT NULL,
    `cat_id` INT NOT NULL
);
CREATE INDEX `c_forum_category__course` ON `c_forum_category` (`c_id`);
CREATE INDEX `c_forum_category__session_id` ON `c_forum_category` (`session_id`);

CREATE TABLE `c_forum_forum` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `forum_id` INT NOT NULL,
    `forum_title` VARCHAR(255) NOT NULL,
    `forum_comment` LONGTEXT DEFAULT NULL,
    `forum_threads` INT DEFAULT NULL,
    `forum_posts` INT DEFAULT NULL,
    `forum_last_post` INT DEFAULT NULL,
    `forum_category` INT DEFAULT NULL,
    `allow_anonymous` INT DEFAULT NULL,
    `allow_edit` INT DEFAULT NULL,
    `approval_direct_post` VARCHAR(20) DEFAULT NULL,
    `allow_attachments` INT DEFAULT NULL,
    `allow_new_threads` INT DEFAULT NULL,
    `default_view` VARCHAR(20) DEFAULT NULL,
    `forum_of_group` VARCHAR(20) DEFAULT NULL,
    `forum_group_public_private` VARCHAR(20) DEFAULT NULL,
    `forum_order` INT DEFAULT NULL,
    `locked` INT NOT NULL,
    `session_id` INT NOT NULL,
    `forum_image` VARCHAR(255) NOT NULL,
    `start_time` DATETIME DEFAULT NULL,
    `end_time` DATETIME DEFAULT NULL,
    `lp_id` INT UNSIGNED NOT NULL,
    `moderated` TINYINT(1) DEFAULT NULL
);
CREATE INDEX `c_forum_forum__course` ON `c_forum_forum` (`c_id`);

CREATE TABLE `c_forum_mailcue` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `thread_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `post_id` INT NOT NULL
);
CREATE INDEX `c_forum_mailcue__course` ON `c_forum_mailcue` (`c_id`);
CREATE INDEX `c_forum_mailcue__thread` ON `c_forum_mailcue` (`thread_id`);
CREATE INDEX `c_forum_mailcue__user` ON `c_forum_mailcue` (`user_id`);
CREATE INDEX `c_forum_mailcue__post` ON `c_forum_mailcue` (`post_id`);

CREATE TABLE `c_forum_notification` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `forum_id` INT NOT NULL,
    `thread_id` INT NOT NULL,
    `post_id` INT NOT NULL
);
CREATE INDEX `c_forum_notification__course` ON `c_forum_notification` (`c_id`);
CREATE INDEX `c_forum_notification__thread` ON `c_forum_notification` (`thread_id`);
CREATE INDEX `c_forum_notification__post` ON `c_forum_notification` (`post_id`);
CREATE INDEX `c_forum_notification__user_id` ON `c_forum_notification` (`user_id`);
CREATE INDEX `c_forum_notification__forum_id` ON `c_forum_notification` (`forum_id`);

CREATE TABLE `c_forum_post` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `post_id` INT NOT NULL,
    `post_title` VARCHAR(250) DEFAULT NULL,
    `post_text` LONGTEXT DEFAULT NULL,
    `thread_id` INT DEFAULT NULL,
    `forum_id` INT DEFAULT NULL,
    `poster_id` INT DEFAULT NULL,
    `poster_name` VARCHAR(100) DEFAULT NULL,
    `post_date` DATETIME DEFAULT NULL,
    `post_notification` TINYINT(1) DEFAULT NULL,
    `post_parent_id` INT DEFAULT NULL,
    `visible` TINYINT(1) DEFAULT NULL,
    `status` INT DEFAULT NULL
);
CREATE INDEX `c_forum_post__course` ON `c_forum_post` (`c_id`);
CREATE INDEX `c_forum_post__poster_id` ON `c_forum_post` (`poster_id`);
CREATE INDEX `c_forum_post__forum_id` ON `c_forum_post` (`forum_id`);
CREATE INDEX `c_forum_post__idx_forum_post_thread_id` ON `c_forum_post` (`thread_id`);
CREATE INDEX `c_forum_post__idx_forum_post_visible` ON `c_forum_post` (`visible`);

CREATE TABLE `c_forum_thread` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `thread_id` INT NOT NULL,
    `thread_title` VARCHAR(255) DEFAULT NULL,
    `forum_id` INT DEFAULT NULL,
    `thread_replies` INT UNSIGNED DEFAULT '0' NOT NULL,
    `thread_poster_id` INT DEFAULT NULL,
    `thread_poster_name` VARCHAR(100) DEFAULT NULL,
    `thread_views` INT UNSIGNED DEFAULT '0' NOT NULL,
    `thread_last_post` INT DEFAULT NULL,
    `thread_date` DATETIME DEFAULT NULL,
    `thread_sticky` TINYINT(1) DEFAULT NULL,
    `locked` INT NOT NULL,
    `session_id` INT DEFAULT NULL,
    `thread_title_qualify` VARCHAR(255) DEFAULT NULL,
    `thread_qualify_max` DOUBLE PRECISION NOT NULL,
    `thread_close_date` DATETIME DEFAULT NULL,
    `thread_weight` DOUBLE PRECISION NOT NULL,
    `thread_peer_qualify` TINYINT(1) NOT NULL,
    `lp_item_id` INT UNSIGNED NOT NULL
);
CREATE INDEX `c_forum_thread__course` ON `c_forum_thread` (`c_id`);
CREATE INDEX `c_forum_thread__idx_forum_thread_forum_id` ON `c_forum_thread` (`forum_id`);

CREATE TABLE `c_forum_thread_qualify` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `thread_id` INT NOT NULL,
    `qualify` DOUBLE PRECISION NOT NULL,
    `qualify_user_id` INT DEFAULT NULL,
    `qualify_time` DATETIME DEFAULT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `c_forum_thread_qualify__course` ON `c_forum_thread_qualify` (`c_id`);
CREATE INDEX `c_forum_thread_qualify__user_id` ON `c_forum_thread_qualify` (`user_id`, `thread_id`);

CREATE TABLE `c_forum_thread_qualify_log` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `thread_id` INT NOT NULL,
    `qualify` DOUBLE PRECISION NOT NULL,
    `qualify_user_id` INT DEFAULT NULL,
    `qualify_time` DATETIME DEFAULT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `c_forum_thread_qualify_log__course` ON `c_forum_thread_qualify_log` (`c_id`);
CREATE INDEX `c_forum_thread_qualify_log__user_id` ON `c_forum_thread_qualify_log` (`user_id`, `thread_id`);

CREATE TABLE `c_glossary` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `glossary_id` INT NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `description` LONGTEXT NOT NULL,
    `display_order` INT DEFAULT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `c_glossary__course` ON `c_glossary` (`c_id`);
CREATE INDEX `c_glossary__session_id` ON `c_glossary` (`session_id`);

CREATE TABLE `c_group_category` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `title` VARCHAR(255) NOT NULL,
    `description` LONGTEXT NOT NULL,
    `doc_state` TINYINT(1) NOT NULL,
    `calendar_state` TINYINT(1) NOT NULL,
    `work_state` TINYINT(1) NOT NULL,
    `announcements_state` TINYINT(1) NOT NULL,
    `forum_state` TINYINT(1) NOT NULL,
    `wiki_state` TINYINT(1) NOT NULL,
    `chat_state` TINYINT(1) NOT NULL,
    `max_student` INT NOT NULL,
    `self_reg_allowed` TINYINT(1) NOT NULL,
    `self_unreg_allowed` TINYINT(1) NOT NULL,
    `groups_per_user` INT NOT NULL,
    `display_order` INT NOT NULL
);
CREATE INDEX `c_group_category__course` ON `c_group_category` (`c_id`);

CREATE TABLE `c_group_info` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `name` VARCHAR(100) DEFAULT NULL,
    `status` TINYINT(1) DEFAULT NULL,
    `category_id` INT NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `max_student` INT NOT NULL,
    `doc_state` TINYINT(1) NOT NULL,
    `calendar_state` TINYINT(1) NOT NULL,
    `work_state` TINYINT(1) NOT NULL,
    `announcements_state` TINYINT(1) NOT NULL,
    `forum_state` TINYINT(1) NOT NULL,
    `wiki_state` TINYINT(1) NOT NULL,
    `chat_state` TINYINT(1) NOT NULL,
    `secret_directory` VARCHAR(255) DEFAULT NULL,
    `self_registration_allowed` TINYINT(1) NOT NULL,
    `self_unregistration_allowed` TINYINT(1) NOT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `c_group_info__course` ON `c_group_info` (`c_id`);
CREATE INDEX `c_group_info__session_id` ON `c_group_info` (`session_id`);

CREATE TABLE `c_group_rel_tutor` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `group_id` INT NOT NULL
);
CREATE INDEX `c_group_rel_tutor__course` ON `c_group_rel_tutor` (`c_id`);

CREATE TABLE `c_group_rel_user` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `group_id` INT NOT NULL,
    `status` INT NOT NULL,
    `role` VARCHAR(50) NOT NULL
);
CREATE INDEX `c_group_rel_user__course` ON `c_group_rel_user` (`c_id`);

CREATE TABLE `session_category` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `access_url_id` INT DEFAULT NULL,
    `name` VARCHAR(100) DEFAULT NULL,
    `date_start` DATE DEFAULT NULL,
    `date_end` DATE DEFAULT NULL,
    CONSTRAINT `FK_8DE079A973444FD5` FOREIGN KEY (`access_url_id`) REFERENCES `access_url` (`id`)
);
CREATE INDEX `session_category__IDX_8DE079A973444FD5` ON `session_category` (`access_url_id`);

CREATE TABLE `session` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id_coach` INT DEFAULT NULL,
    `session_category_id` INT DEFAULT NULL,
    `name` VARCHAR(150) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `show_description` TINYINT(1) DEFAULT NULL,
    `duration` INT DEFAULT NULL,
    `nbr_courses` SMALLINT DEFAULT NULL,
    `nbr_users` INT DEFAULT NULL,
    `nbr_classes` INT DEFAULT NULL,
    `session_admin_id` INT DEFAULT NULL,
    `visibility` INT NOT NULL,
    `promotion_id` INT DEFAULT NULL,
    `display_start_date` DATETIME DEFAULT NULL,
    `display_end_date` DATETIME DEFAULT NULL,
    `access_start_date` DATETIME DEFAULT NULL,
    `access_end_date` DATETIME DEFAULT NULL,
    `coach_access_start_date` DATETIME DEFAULT NULL,
    `coach_access_end_date` DATETIME DEFAULT NULL,
    `send_subscription_notification` TINYINT(1) DEFAULT '0' NOT NULL,
    CONSTRAINT `FK_D044D5D4D1DC2CFC` FOREIGN KEY (`id_coach`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_D044D5D4EE1F8395` FOREIGN KEY (`session_category_id`) REFERENCES `session_category` (`id`)
);
CREATE INDEX `session__IDX_D044D5D4EE1F8395` ON `session` (`session_category_id`);
CREATE INDEX `session__idx_id_coach` ON `session` (`id_coach`);
CREATE INDEX `session__idx_id_session_admin_id` ON `session` (`session_admin_id`);
CREATE UNIQUE INDEX `session__name` ON `session` (`name`);

CREATE TABLE `c_item_property` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT DEFAULT NULL,
    `to_group_id` INT DEFAULT NULL,
    `to_user_id` INT DEFAULT NULL,
    `insert_user_id` INT DEFAULT NULL,
    `session_id` INT DEFAULT NULL,
    `id` INT DEFAULT NULL,
    `tool` VARCHAR(100) NOT NULL,
    `insert_date` DATETIME NOT NULL,
    `lastedit_date` DATETIME NOT NULL,
    `ref` INT NOT NULL,
    `lastedit_type` VARCHAR(100) NOT NULL,
    `lastedit_user_id` INT NOT NULL,
    `visibility` INT NOT NULL,
    `start_visible` DATETIME DEFAULT NULL,
    `end_visible` DATETIME DEFAULT NULL,
    CONSTRAINT `FK_1D84C18191D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`),
    CONSTRAINT `FK_1D84C181330D47E9` FOREIGN KEY (`to_group_id`) REFERENCES `c_group_info` (`iid`),
    CONSTRAINT `FK_1D84C18129F6EE60` FOREIGN KEY (`to_user_id`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_1D84C1819C859CC3` FOREIGN KEY (`insert_user_id`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_1D84C181613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`)
);
CREATE INDEX `c_item_property__IDX_1D84C18191D79BD3` ON `c_item_property` (`c_id`);
CREATE INDEX `c_item_property__IDX_1D84C181330D47E9` ON `c_item_property` (`to_group_id`);
CREATE INDEX `c_item_property__IDX_1D84C18129F6EE60` ON `c_item_property` (`to_user_id`);
CREATE INDEX `c_item_property__IDX_1D84C1819C859CC3` ON `c_item_property` (`insert_user_id`);
CREATE INDEX `c_item_property__IDX_1D84C181613FECDF` ON `c_item_property` (`session_id`);
CREATE INDEX `c_item_property__idx_item_property_toolref` ON `c_item_property` (`tool`, `ref`);

CREATE TABLE `c_link` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `url` LONGTEXT NOT NULL,
    `title` VARCHAR(150) DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `category_id` INT DEFAULT NULL,
    `display_order` INT NOT NULL,
    `on_homepage` VARCHAR(10) NOT NULL,
    `target` VARCHAR(10) DEFAULT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `c_link__course` ON `c_link` (`c_id`);
CREATE INDEX `c_link__session_id` ON `c_link` (`session_id`);

CREATE TABLE `c_link_category` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `category_title` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `display_order` INT NOT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `c_link_category__course` ON `c_link_category` (`c_id`);
CREATE INDEX `c_link_category__session_id` ON `c_link_category` (`session_id`);

CREATE TABLE `c_lp` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `lp_type` INT NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `ref` LONGTEXT DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `path` LONGTEXT NOT NULL,
    `force_commit` TINYINT(1) NOT NULL,
    `default_view_mod` VARCHAR(32) DEFAULT 'embedded' NOT NULL,
    `default_encoding` VARCHAR(32) DEFAULT 'UTF-8' NOT NULL,
    `display_order` INT DEFAULT '0' NOT NULL,
    `content_maker` LONGTEXT NOT NULL,
    `content_local` VARCHAR(32) DEFAULT 'local' NOT NULL,
    `content_license` LONGTEXT NOT NULL,
    `prevent_reinit` TINYINT(1) DEFAULT '1' NOT NULL,
    `js_lib` LONGTEXT NOT NULL,
    `debug` TINYINT(1) NOT NULL,
    `theme` VARCHAR(255) NOT NULL,
    `preview_image` VARCHAR(255) NOT NULL,
    `author` VARCHAR(255) NOT NULL,
    `session_id` INT NOT NULL,
    `prerequisite` INT NOT NULL,
    `hide_toc_frame` TINYINT(1) NOT NULL,
    `seriousgame_mode` TINYINT(1) NOT NULL,
    `use_max_score` INT DEFAULT '1' NOT NULL,
    `autolaunch` INT NOT NULL,
    `category_id` INT NOT NULL,
    `max_attempts` INT NOT NULL,
    `subscribe_users` INT NOT NULL,
    `created_on` DATETIME NOT NULL,
    `modified_on` DATETIME NOT NULL,
    `publicated_on` DATETIME DEFAULT NULL,
    `expired_on` DATETIME DEFAULT NULL,
    `accumulate_scorm_time` INT DEFAULT '1' NOT NULL
);
CREATE INDEX `c_lp__course` ON `c_lp` (`c_id`);
CREATE INDEX `c_lp__session` ON `c_lp` (`session_id`);

CREATE TABLE `c_lp_category` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `position` INT NOT NULL
);
CREATE INDEX `c_lp_category__course` ON `c_lp_category` (`c_id`);

CREATE TABLE `c_lp_category_user` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `category_id` INT DEFAULT NULL,
    `user_id` INT DEFAULT NULL,
    CONSTRAINT `FK_61F042712469DE2` FOREIGN KEY (`category_id`) REFERENCES `c_lp_category` (`iid`),
    CONSTRAINT `FK_61F0427A76ED395` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`)
);
CREATE INDEX `c_lp_category_user__IDX_61F042712469DE2` ON `c_lp_category_user` (`category_id`);
CREATE INDEX `c_lp_category_user__IDX_61F0427A76ED395` ON `c_lp_category_user` (`user_id`);

CREATE TABLE `c_lp_item` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `lp_id` INT NOT NULL,
    `item_type` VARCHAR(32) NOT NULL,
    `ref` LONGTEXT NOT NULL,
    `title` VARCHAR(511) NOT NULL,
    `description` VARCHAR(511) DEFAULT NULL,
    `path` LONGTEXT NOT NULL,
    `min_score` DOUBLE PRECISION NOT NULL,
    `max_score` DOUBLE PRECISION DEFAULT '100',
    `mastery_score` DOUBLE PRECISION DEFAULT NULL,
    `parent_item_id` INT NOT NULL,
    `previous_item_id` INT NOT NULL,
    `next_item_id` INT NOT NULL,
    `display_order` INT NOT NULL,
    `prerequisite` LONGTEXT DEFAULT NULL,
    `parameters` LONGTEXT DEFAULT NULL,
    `launch_data` LONGTEXT NOT NULL,
    `max_time_allowed` VARCHAR(13) DEFAULT NULL,
    `terms` LONGTEXT DEFAULT NULL,
    `search_did` INT DEFAULT NULL,
    `audio` VARCHAR(250) DEFAULT NULL,
    `prerequisite_min_score` DOUBLE PRECISION DEFAULT NULL,
    `prerequisite_max_score` DOUBLE PRECISION DEFAULT NULL
);
CREATE INDEX `c_lp_item__course` ON `c_lp_item` (`c_id`);
CREATE INDEX `c_lp_item__lp_id` ON `c_lp_item` (`lp_id`);
CREATE INDEX `c_lp_item__idx_c_lp_item_cid_lp_id` ON `c_lp_item` (`c_id`, `lp_id`);

CREATE TABLE `c_lp_item_view` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `lp_item_id` INT NOT NULL,
    `lp_view_id` INT NOT NULL,
    `view_count` INT NOT NULL,
    `start_time` INT NOT NULL,
    `total_time` INT NOT NULL,
    `score` DOUBLE PRECISION NOT NULL,
    `status` VARCHAR(32) DEFAULT 'not attempted' NOT NULL,
    `suspend_data` LONGTEXT DEFAULT NULL,
    `lesson_location` LONGTEXT DEFAULT NULL,
    `core_exit` VARCHAR(32) DEFAULT 'none' NOT NULL,
    `max_score` VARCHAR(8) DEFAULT NULL
);
CREATE INDEX `c_lp_item_view__course` ON `c_lp_item_view` (`c_id`);
CREATE INDEX `c_lp_item_view__lp_item_id` ON `c_lp_item_view` (`lp_item_id`);
CREATE INDEX `c_lp_item_view__lp_view_id` ON `c_lp_item_view` (`lp_view_id`);
CREATE INDEX `c_lp_item_view__idx_c_lp_item_view_cid_lp_view_id_lp_item_id` ON `c_lp_item_view` (`c_id`, `lp_view_id`, `lp_item_id`);

CREATE TABLE `c_lp_iv_interaction` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `order_id` INT NOT NULL,
    `lp_iv_id` BIGINT NOT NULL,
    `interaction_id` VARCHAR(255) NOT NULL,
    `interaction_type` VARCHAR(255) NOT NULL,
    `weighting` DOUBLE PRECISION NOT NULL,
    `completion_time` VARCHAR(16) NOT NULL,
    `correct_responses` LONGTEXT NOT NULL,
    `student_response` LONGTEXT NOT NULL,
    `result` VARCHAR(255) NOT NULL,
    `latency` VARCHAR(16) NOT NULL
);
CREATE INDEX `c_lp_iv_interaction__course` ON `c_lp_iv_interaction` (`c_id`);
CREATE INDEX `c_lp_iv_interaction__lp_iv_id` ON `c_lp_iv_interaction` (`lp_iv_id`);

CREATE TABLE `c_lp_iv_objective` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `lp_iv_id` BIGINT NOT NULL,
    `order_id` INT NOT NULL,
    `objective_id` VARCHAR(255) NOT NULL,
    `score_raw` DOUBLE PRECISION NOT NULL,
    `score_max` DOUBLE PRECISION NOT NULL,
    `score_min` DOUBLE PRECISION NOT NULL,
    `status` VARCHAR(32) NOT NULL
);
CREATE INDEX `c_lp_iv_objective__course` ON `c_lp_iv_objective` (`c_id`);
CREATE INDEX `c_lp_iv_objective__lp_iv_id` ON `c_lp_iv_objective` (`lp_iv_id`);

CREATE TABLE `c_lp_view` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `lp_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `view_count` INT NOT NULL,
    `last_item` INT NOT NULL,
    `progress` INT DEFAULT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `c_lp_view__course` ON `c_lp_view` (`c_id`);
CREATE INDEX `c_lp_view__lp_id` ON `c_lp_view` (`lp_id`);
CREATE INDEX `c_lp_view__user_id` ON `c_lp_view` (`user_id`);
CREATE INDEX `c_lp_view__session_id` ON `c_lp_view` (`session_id`);

CREATE TABLE `c_notebook` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `notebook_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `course` VARCHAR(40) NOT NULL,
    `session_id` INT NOT NULL,
    `title` VARCHAR(255) NOT NULL,
    `description` LONGTEXT NOT NULL,
    `creation_date` DATETIME NOT NULL,
    `update_date` DATETIME NOT NULL,
    `status` INT DEFAULT NULL
);
CREATE INDEX `c_notebook__course` ON `c_notebook` (`c_id`);

CREATE TABLE `c_online_connected` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `last_connection` DATETIME NOT NULL,
    `user_id` INT NOT NULL
);
CREATE INDEX `c_online_connected__course` ON `c_online_connected` (`c_id`);

CREATE TABLE `c_online_link` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `name` VARCHAR(50) NOT NULL,
    `url` VARCHAR(100) NOT NULL
);
CREATE INDEX `c_online_link__course` ON `c_online_link` (`c_id`);

CREATE TABLE `c_permission_group` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `group_id` INT NOT NULL,
    `tool` VARCHAR(250) NOT NULL,
    `action` VARCHAR(250) NOT NULL
);
CREATE INDEX `c_permission_group__course` ON `c_permission_group` (`c_id`);

CREATE TABLE `c_permission_task` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `task_id` INT NOT NULL,
    `tool` VARCHAR(250) NOT NULL,
    `action` VARCHAR(250) NOT NULL
);
CREATE INDEX `c_permission_task__course` ON `c_permission_task` (`c_id`);

CREATE TABLE `c_permission_user` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `tool` VARCHAR(250) NOT NULL,
    `action` VARCHAR(250) NOT NULL
);
CREATE INDEX `c_permission_user__course` ON `c_permission_user` (`c_id`);

CREATE TABLE `c_quiz` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `title` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `sound` VARCHAR(255) DEFAULT NULL,
    `type` TINYINT(1) NOT NULL,
    `random` INT NOT NULL,
    `random_answers` TINYINT(1) NOT NULL,
    `active` TINYINT(1) NOT NULL,
    `results_disabled` INT NOT NULL,
    `access_condition` LONGTEXT DEFAULT NULL,
    `max_attempt` INT NOT NULL,
    `start_time` DATETIME DEFAULT NULL,
    `end_time` DATETIME DEFAULT NULL,
    `feedback_type` INT NOT NULL,
    `expired_time` INT NOT NULL,
    `session_id` INT DEFAULT NULL,
    `propagate_neg` INT NOT NULL,
    `save_correct_answers` TINYINT(1) NOT NULL,
    `review_answers` INT NOT NULL,
    `random_by_category` INT NOT NULL,
    `text_when_finished` LONGTEXT DEFAULT NULL,
    `display_category_name` INT NOT NULL,
    `pass_percentage` INT DEFAULT NULL,
    `question_selection_type` INT DEFAULT NULL,
    `hide_question_title` TINYINT(1) DEFAULT NULL
);
CREATE INDEX `c_quiz__course` ON `c_quiz` (`c_id`);
CREATE INDEX `c_quiz__session_id` ON `c_quiz` (`session_id`);

CREATE TABLE `c_quiz_answer` (
    `iid` INT UNSIGNED AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id_auto` INT UNSIGNED NOT NULL,
    `c_id` INT UNSIGNED NOT NULL,
    `id` INT DEFAULT NULL,
    `question_id` INT NOT NULL,
    `answer` LONGTEXT NOT NULL,
    `correct` INT DEFAULT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `ponderation` DOUBLE PRECISION DEFAULT '0' NOT NULL,
    `position` INT NOT NULL,
    `hotspot_coordinates` LONGTEXT DEFAULT NULL,
    `hotspot_type` VARCHAR(40) DEFAULT NULL,
    `destination` LONGTEXT DEFAULT NULL,
    `answer_code` VARCHAR(10) DEFAULT NULL
);
CREATE INDEX `c_quiz_answer__c_id` ON `c_quiz_answer` (`c_id`);
CREATE INDEX `c_quiz_answer__idx_cqa_q` ON `c_quiz_answer` (`question_id`);

CREATE TABLE `c_quiz_question` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `question` LONGTEXT NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `ponderation` DOUBLE PRECISION DEFAULT '0' NOT NULL,
    `position` INT NOT NULL,
    `type` INT NOT NULL,
    `picture` VARCHAR(50) DEFAULT NULL,
    `level` INT NOT NULL,
    `extra` VARCHAR(255) DEFAULT NULL,
    `question_code` VARCHAR(10) DEFAULT NULL
);
CREATE INDEX `c_quiz_question__course` ON `c_quiz_question` (`c_id`);
CREATE INDEX `c_quiz_question__position` ON `c_quiz_question` (`position`);

CREATE TABLE `c_quiz_question_category` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `title` VARCHAR(255) NOT NULL,
    `description` LONGTEXT NOT NULL
);
CREATE INDEX `c_quiz_question_category__course` ON `c_quiz_question_category` (`c_id`);

CREATE TABLE `c_quiz_question_option` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `question_id` INT NOT NULL,
    `name` VARCHAR(255) DEFAULT NULL,
    `position` INT NOT NULL
);
CREATE INDEX `c_quiz_question_option__course` ON `c_quiz_question_option` (`c_id`);

CREATE TABLE `c_quiz_question_rel_category` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `category_id` INT NOT NULL,
    `question_id` INT NOT NULL
);
CREATE INDEX `c_quiz_question_rel_category__course` ON `c_quiz_question_rel_category` (`c_id`);
CREATE INDEX `c_quiz_question_rel_category__idx_qqrc_qid` ON `c_quiz_question_rel_category` (`question_id`);

CREATE TABLE `c_quiz_rel_category` (
    `iid` BIGINT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `category_id` INT DEFAULT NULL,
    `exercise_id` INT NOT NULL,
    `count_questions` INT DEFAULT NULL
);

CREATE TABLE `c_quiz_rel_question` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `question_order` INT NOT NULL,
    `question_id` INT NOT NULL,
    `exercice_id` INT NOT NULL
);
CREATE INDEX `c_quiz_rel_question__course` ON `c_quiz_rel_question` (`c_id`);
CREATE INDEX `c_quiz_rel_question__question` ON `c_quiz_rel_question` (`question_id`);
CREATE INDEX `c_quiz_rel_question__exercise` ON `c_quiz_rel_question` (`exercice_id`);

CREATE TABLE `c_resource` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `source_type` VARCHAR(50) DEFAULT NULL,
    `source_id` INT DEFAULT NULL,
    `resource_type` VARCHAR(50) DEFAULT NULL,
    `resource_id` INT DEFAULT NULL
);
CREATE INDEX `c_resource__course` ON `c_resource` (`c_id`);

CREATE TABLE `c_role` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `role_name` VARCHAR(250) NOT NULL,
    `role_comment` LONGTEXT DEFAULT NULL,
    `default_role` TINYINT(1) DEFAULT NULL,
    `role_id` INT NOT NULL
);
CREATE INDEX `c_role__course` ON `c_role` (`c_id`);

CREATE TABLE `c_role_group` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `role_id` INT NOT NULL,
    `scope` VARCHAR(20) NOT NULL,
    `group_id` INT NOT NULL
);
CREATE INDEX `c_role_group__course` ON `c_role_group` (`c_id`);
CREATE INDEX `c_role_group__group` ON `c_role_group` (`group_id`);

CREATE TABLE `c_role_permissions` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `default_perm` TINYINT(1) NOT NULL,
    `role_id` INT NOT NULL,
    `tool` VARCHAR(250) NOT NULL,
    `action` VARCHAR(50) NOT NULL
);
CREATE INDEX `c_role_permissions__course` ON `c_role_permissions` (`c_id`);
CREATE INDEX `c_role_permissions__role` ON `c_role_permissions` (`role_id`);

CREATE TABLE `c_role_user` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `scope` VARCHAR(20) NOT NULL,
    `role_id` INT NOT NULL,
    `user_id` INT NOT NULL
);
CREATE INDEX `c_role_user__course` ON `c_role_user` (`c_id`);
CREATE INDEX `c_role_user__user` ON `c_role_user` (`user_id`);

CREATE TABLE `c_student_publication` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `session_id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `url` VARCHAR(255) DEFAULT NULL,
    `url_correction` VARCHAR(255) DEFAULT NULL,
    `title` VARCHAR(255) DEFAULT NULL,
    `title_correction` VARCHAR(255) DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `author` VARCHAR(255) DEFAULT NULL,
    `active` TINYINT(1) DEFAULT NULL,
    `accepted` TINYINT(1) DEFAULT NULL,
    `post_group_id` INT NOT NULL,
    `sent_date` DATETIME DEFAULT NULL,
    `filetype` VARCHAR(10) NOT NULL,
    `has_properties` INT NOT NULL,
    `view_properties` TINYINT(1) DEFAULT NULL,
    `qualification` DOUBLE PRECISION NOT NULL,
    `date_of_qualification` DATETIME DEFAULT NULL,
    `parent_id` INT NOT NULL,
    `qualificator_id` INT NOT NULL,
    `weight` DOUBLE PRECISION NOT NULL,
    `user_id` INT NOT NULL,
    `allow_text_assignment` INT NOT NULL,
    `contains_file` INT NOT NULL,
    `document_id` INT NOT NULL,
    CONSTRAINT `FK_5246F746613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`)
);
CREATE INDEX `c_student_publication__course` ON `c_student_publication` (`c_id`);
CREATE INDEX `c_student_publication__session_id` ON `c_student_publication` (`session_id`);
CREATE INDEX `c_student_publication__idx_csp_u` ON `c_student_publication` (`user_id`);

CREATE TABLE `c_student_publication_assignment` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `expires_on` DATETIME DEFAULT NULL,
    `ends_on` DATETIME DEFAULT NULL,
    `add_to_calendar` INT NOT NULL,
    `enable_qualification` TINYINT(1) NOT NULL,
    `publication_id` INT NOT NULL
);
CREATE INDEX `c_student_publication_assignment__course` ON `c_student_publication_assignment` (`c_id`);

CREATE TABLE `c_student_publication_comment` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `work_id` INT NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `file` VARCHAR(255) DEFAULT NULL,
    `user_id` INT NOT NULL,
    `sent_at` DATETIME NOT NULL
);
CREATE INDEX `c_student_publication_comment__course` ON `c_student_publication_comment` (`c_id`);
CREATE INDEX `c_student_publication_comment__user` ON `c_student_publication_comment` (`user_id`);
CREATE INDEX `c_student_publication_comment__work` ON `c_student_publication_comment` (`work_id`);

CREATE TABLE `c_student_publication_rel_document` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `work_id` INT NOT NULL,
    `document_id` INT NOT NULL
);
CREATE INDEX `c_student_publication_rel_document__course` ON `c_student_publication_rel_document` (`c_id`);
CREATE INDEX `c_student_publication_rel_document__work` ON `c_student_publication_rel_document` (`work_id`);
CREATE INDEX `c_student_publication_rel_document__document` ON `c_student_publication_rel_document` (`document_id`);

CREATE TABLE `c_student_publication_rel_user` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `work_id` INT NOT NULL,
    `user_id` INT NOT NULL
);
CREATE INDEX `c_student_publication_rel_user__course` ON `c_student_publication_rel_user` (`c_id`);
CREATE INDEX `c_student_publication_rel_user__work` ON `c_student_publication_rel_user` (`work_id`);
CREATE INDEX `c_student_publication_rel_user__user` ON `c_student_publication_rel_user` (`user_id`);

CREATE TABLE `c_survey` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `survey_id` INT NOT NULL,
    `code` VARCHAR(20) DEFAULT NULL,
    `title` LONGTEXT DEFAULT NULL,
    `subtitle` LONGTEXT DEFAULT NULL,
    `author` VARCHAR(20) DEFAULT NULL,
    `lang` VARCHAR(20) DEFAULT NULL,
    `avail_from` DATE DEFAULT NULL,
    `avail_till` DATE DEFAULT NULL,
    `is_shared` VARCHAR(1) DEFAULT NULL,
    `template` VARCHAR(20) DEFAULT NULL,
    `intro` LONGTEXT DEFAULT NULL,
    `surveythanks` LONGTEXT DEFAULT NULL,
    `creation_date` DATETIME NOT NULL,
    `invited` INT NOT NULL,
    `answered` INT NOT NULL,
    `invite_mail` LONGTEXT NOT NULL,
    `reminder_mail` LONGTEXT NOT NULL,
    `mail_subject` VARCHAR(255) NOT NULL,
    `anonymous` VARCHAR(10) NOT NULL,
    `access_condition` LONGTEXT DEFAULT NULL,
    `shuffle` TINYINT(1) NOT NULL,
    `one_question_per_page` TINYINT(1) NOT NULL,
    `survey_version` VARCHAR(255) NOT NULL,
    `parent_id` INT NOT NULL,
    `survey_type` INT NOT NULL,
    `show_form_profile` INT NOT NULL,
    `form_fields` LONGTEXT NOT NULL,
    `session_id` INT NOT NULL,
    `visible_results` INT DEFAULT NULL
);
CREATE INDEX `c_survey__course` ON `c_survey` (`c_id`);
CREATE INDEX `c_survey__session_id` ON `c_survey` (`session_id`);

CREATE TABLE `c_survey_answer` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `answer_id` INT NOT NULL,
    `survey_id` INT NOT NULL,
    `question_id` INT NOT NULL,
    `option_id` LONGTEXT NOT NULL,
    `value` INT NOT NULL,
    `user` VARCHAR(250) NOT NULL
);
CREATE INDEX `c_survey_answer__course` ON `c_survey_answer` (`c_id`);

CREATE TABLE `c_survey_group` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `name` VARCHAR(20) NOT NULL,
    `description` VARCHAR(255) NOT NULL,
    `survey_id` INT NOT NULL
);
CREATE INDEX `c_survey_group__course` ON `c_survey_group` (`c_id`);

CREATE TABLE `c_survey_invitation` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `survey_invitation_id` INT NOT NULL,
    `survey_code` VARCHAR(20) NOT NULL,
    `user` VARCHAR(250) NOT NULL,
    `invitation_code` VARCHAR(250) NOT NULL,
    `invitation_date` DATETIME NOT NULL,
    `reminder_date` DATETIME NOT NULL,
    `answered` INT NOT NULL,
    `session_id` INT NOT NULL,
    `group_id` INT NOT NULL
);
CREATE INDEX `c_survey_invitation__course` ON `c_survey_invitation` (`c_id`);

CREATE TABLE `c_survey_question` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `question_id` INT NOT NULL,
    `survey_id` INT NOT NULL,
    `survey_question` LONGTEXT NOT NULL,
    `survey_question_comment` LONGTEXT NOT NULL,
    `type` VARCHAR(250) NOT NULL,
    `display` VARCHAR(10) NOT NULL,
    `sort` INT NOT NULL,
    `shared_question_id` INT DEFAULT NULL,
    `max_value` INT DEFAULT NULL,
    `survey_group_pri` INT NOT NULL,
    `survey_group_sec1` INT NOT NULL,
    `survey_group_sec2` INT NOT NULL
);
CREATE INDEX `c_survey_question__course` ON `c_survey_question` (`c_id`);

CREATE TABLE `c_survey_question_option` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `question_option_id` INT NOT NULL,
    `question_id` INT NOT NULL,
    `survey_id` INT NOT NULL,
    `option_text` LONGTEXT NOT NULL,
    `sort` INT NOT NULL,
    `value` INT NOT NULL
);
CREATE INDEX `c_survey_question_option__course` ON `c_survey_question_option` (`c_id`);

CREATE TABLE `c_thematic` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `title` VARCHAR(255) NOT NULL,
    `content` LONGTEXT DEFAULT NULL,
    `display_order` INT NOT NULL,
    `active` TINYINT(1) NOT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `c_thematic__course` ON `c_thematic` (`c_id`);
CREATE INDEX `c_thematic__active` ON `c_thematic` (`active`, `session_id`);

CREATE TABLE `c_thematic_advance` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `room_id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `thematic_id` INT NOT NULL,
    `attendance_id` INT NOT NULL,
    `content` LONGTEXT DEFAULT NULL,
    `start_date` DATETIME NOT NULL,
    `duration` INT NOT NULL,
    `done_advance` TINYINT(1) NOT NULL,
    CONSTRAINT `FK_62798E9754177093` FOREIGN KEY (`room_id`) REFERENCES `room` (`id`)
);
CREATE INDEX `c_thematic_advance__IDX_62798E9754177093` ON `c_thematic_advance` (`room_id`);
CREATE INDEX `c_thematic_advance__course` ON `c_thematic_advance` (`c_id`);
CREATE INDEX `c_thematic_advance__thematic_id` ON `c_thematic_advance` (`thematic_id`);

CREATE TABLE `c_thematic_plan` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `thematic_id` INT NOT NULL,
    `title` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `description_type` INT NOT NULL
);
CREATE INDEX `c_thematic_plan__course` ON `c_thematic_plan` (`c_id`);
CREATE INDEX `c_thematic_plan__thematic_id` ON `c_thematic_plan` (`thematic_id`, `description_type`);

CREATE TABLE `c_tool` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `link` VARCHAR(255) NOT NULL,
    `image` VARCHAR(255) DEFAULT NULL,
    `visibility` TINYINT(1) DEFAULT NULL,
    `admin` VARCHAR(255) DEFAULT NULL,
    `address` VARCHAR(255) DEFAULT NULL,
    `added_tool` TINYINT(1) DEFAULT NULL,
    `target` VARCHAR(20) NOT NULL,
    `category` VARCHAR(20) DEFAULT 'authoring' NOT NULL,
    `session_id` INT DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `custom_icon` VARCHAR(255) DEFAULT NULL
);
CREATE INDEX `c_tool__course` ON `c_tool` (`c_id`);
CREATE INDEX `c_tool__session_id` ON `c_tool` (`session_id`);

CREATE TABLE `c_tool_intro` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` VARCHAR(255) NOT NULL,
    `intro_text` LONGTEXT NOT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `c_tool_intro__course` ON `c_tool_intro` (`c_id`);

CREATE TABLE `c_userinfo_content` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `definition_id` INT NOT NULL,
    `editor_ip` VARCHAR(39) DEFAULT NULL,
    `edition_time` DATETIME DEFAULT NULL,
    `content` LONGTEXT NOT NULL
);
CREATE INDEX `c_userinfo_content__course` ON `c_userinfo_content` (`c_id`);
CREATE INDEX `c_userinfo_content__user_id` ON `c_userinfo_content` (`user_id`);

CREATE TABLE `c_userinfo_def` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `title` VARCHAR(80) NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    `line_count` TINYINT(1) NOT NULL,
    `rank` TINYINT(1) NOT NULL
);
CREATE INDEX `c_userinfo_def__course` ON `c_userinfo_def` (`c_id`);

CREATE TABLE `c_wiki` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `page_id` INT DEFAULT NULL,
    `reflink` VARCHAR(255) NOT NULL,
    `title` VARCHAR(255) NOT NULL,
    `content` LONGTEXT NOT NULL,
    `user_id` INT NOT NULL,
    `group_id` INT DEFAULT NULL,
    `dtime` DATETIME DEFAULT NULL,
    `addlock` INT NOT NULL,
    `editlock` INT NOT NULL,
    `visibility` INT NOT NULL,
    `addlock_disc` INT NOT NULL,
    `visibility_disc` INT NOT NULL,
    `ratinglock_disc` INT NOT NULL,
    `assignment` INT NOT NULL,
    `comment` LONGTEXT NOT NULL,
    `progress` LONGTEXT NOT NULL,
    `score` INT DEFAULT NULL,
    `version` INT DEFAULT NULL,
    `is_editing` INT NOT NULL,
    `time_edit` DATETIME DEFAULT NULL,
    `hits` INT DEFAULT NULL,
    `linksto` LONGTEXT NOT NULL,
    `tag` LONGTEXT NOT NULL,
    `user_ip` VARCHAR(39) NOT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `c_wiki__course` ON `c_wiki` (`c_id`);
CREATE INDEX `c_wiki__reflink` ON `c_wiki` (`reflink`);
CREATE INDEX `c_wiki__group_id` ON `c_wiki` (`group_id`);
CREATE INDEX `c_wiki__page_id` ON `c_wiki` (`page_id`);
CREATE INDEX `c_wiki__session_id` ON `c_wiki` (`session_id`);

CREATE TABLE `c_wiki_conf` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `page_id` INT NOT NULL,
    `task` LONGTEXT NOT NULL,
    `feedback1` LONGTEXT NOT NULL,
    `feedback2` LONGTEXT NOT NULL,
    `feedback3` LONGTEXT NOT NULL,
    `fprogress1` VARCHAR(3) NOT NULL,
    `fprogress2` VARCHAR(3) NOT NULL,
    `fprogress3` VARCHAR(3) NOT NULL,
    `max_size` INT DEFAULT NULL,
    `max_text` INT DEFAULT NULL,
    `max_version` INT DEFAULT NULL,
    `startdate_assig` DATETIME DEFAULT NULL,
    `enddate_assig` DATETIME DEFAULT NULL,
    `delayedsubmit` INT NOT NULL
);
CREATE INDEX `c_wiki_conf__course` ON `c_wiki_conf` (`c_id`);
CREATE INDEX `c_wiki_conf__page_id` ON `c_wiki_conf` (`page_id`);

CREATE TABLE `c_wiki_discuss` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `publication_id` INT NOT NULL,
    `userc_id` INT NOT NULL,
    `comment` LONGTEXT NOT NULL,
    `p_score` VARCHAR(255) DEFAULT NULL,
    `dtime` DATETIME NOT NULL
);
CREATE INDEX `c_wiki_discuss__course` ON `c_wiki_discuss` (`c_id`);

CREATE TABLE `c_wiki_mailcue` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `id` INT DEFAULT NULL,
    `type` LONGTEXT NOT NULL,
    `group_id` INT DEFAULT NULL,
    `session_id` INT DEFAULT NULL,
    `user_id` INT NOT NULL
);
CREATE INDEX `c_wiki_mailcue__course` ON `c_wiki_mailcue` (`c_id`);
CREATE INDEX `c_wiki_mailcue__user` ON `c_wiki_mailcue` (`user_id`);
CREATE INDEX `c_wiki_mailcue__c_id` ON `c_wiki_mailcue` (`c_id`, `id`);

CREATE TABLE `chat` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `from_user` INT DEFAULT NULL,
    `to_user` INT DEFAULT NULL,
    `message` LONGTEXT NOT NULL,
    `sent` DATETIME NOT NULL,
    `recd` INT NOT NULL
);
CREATE INDEX `chat__idx_chat_to_user` ON `chat` (`to_user`);
CREATE INDEX `chat__idx_chat_from_user` ON `chat` (`from_user`);

CREATE TABLE `chat_video` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `from_user` INT NOT NULL,
    `to_user` INT NOT NULL,
    `room_name` VARCHAR(255) NOT NULL,
    `datetime` DATETIME NOT NULL
);
CREATE INDEX `chat_video__idx_chat_video_to_user` ON `chat_video` (`to_user`);
CREATE INDEX `chat_video__idx_chat_video_from_user` ON `chat_video` (`from_user`);
CREATE INDEX `chat_video__idx_chat_video_users` ON `chat_video` (`from_user`, `to_user`);
CREATE INDEX `chat_video__idx_chat_video_room_name` ON `chat_video` (`room_name`);

CREATE TABLE `class_item` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `code` VARCHAR(40) DEFAULT NULL,
    `name` LONGTEXT NOT NULL
);

CREATE TABLE `class_user` (
    `class_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    PRIMARY KEY (`class_id`, `user_id`)
);

CREATE TABLE `course_category` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(100) NOT NULL,
    `code` VARCHAR(40) NOT NULL,
    `parent_id` VARCHAR(40) DEFAULT NULL,
    `tree_pos` INT DEFAULT NULL,
    `children_count` SMALLINT DEFAULT NULL,
    `auth_course_child` VARCHAR(40) DEFAULT NULL,
    `auth_cat_child` VARCHAR(40) DEFAULT NULL
);
CREATE INDEX `course_category__parent_id` ON `course_category` (`parent_id`);
CREATE INDEX `course_category__tree_pos` ON `course_category` (`tree_pos`);
CREATE UNIQUE INDEX `course_category__code` ON `course_category` (`code`);

CREATE TABLE `course_module` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL,
    `link` VARCHAR(255) NOT NULL,
    `image` VARCHAR(100) DEFAULT NULL,
    `row` INT NOT NULL,
    `column` INT NOT NULL,
    `position` VARCHAR(20) NOT NULL
);

CREATE TABLE `course_rel_class` (
    `course_code` VARCHAR(40) NOT NULL,
    `class_id` INT NOT NULL,
    PRIMARY KEY (`course_code`, `class_id`)
);

CREATE TABLE `course_rel_user` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT DEFAULT NULL,
    `c_id` INT DEFAULT NULL,
    `relation_type` INT NOT NULL,
    `status` INT NOT NULL,
    `is_tutor` TINYINT(1) DEFAULT NULL,
    `sort` INT DEFAULT NULL,
    `user_course_cat` INT DEFAULT NULL,
    `legal_agreement` INT DEFAULT NULL,
    CONSTRAINT `FK_92CFD9FEA76ED395` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_92CFD9FE91D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`)
);
CREATE INDEX `course_rel_user__IDX_92CFD9FEA76ED395` ON `course_rel_user` (`user_id`);
CREATE INDEX `course_rel_user__IDX_92CFD9FE91D79BD3` ON `course_rel_user` (`c_id`);

CREATE TABLE `course_rel_user_catalogue` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT DEFAULT NULL,
    `c_id` INT DEFAULT NULL,
    `visible` INT NOT NULL,
    CONSTRAINT `FK_79CA412EA76ED395` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_79CA412E91D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`)
);
CREATE INDEX `course_rel_user_catalogue__IDX_79CA412EA76ED395` ON `course_rel_user_catalogue` (`user_id`);
CREATE INDEX `course_rel_user_catalogue__IDX_79CA412E91D79BD3` ON `course_rel_user_catalogue` (`c_id`);

CREATE TABLE `course_request` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `code` VARCHAR(40) NOT NULL,
    `user_id` INT NOT NULL,
    `directory` VARCHAR(40) DEFAULT NULL,
    `db_name` VARCHAR(40) DEFAULT NULL,
    `course_language` VARCHAR(20) DEFAULT NULL,
    `title` VARCHAR(250) DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `category_code` VARCHAR(40) DEFAULT NULL,
    `tutor_name` VARCHAR(200) DEFAULT NULL,
    `visual_code` VARCHAR(40) DEFAULT NULL,
    `request_date` DATETIME NOT NULL,
    `objetives` LONGTEXT DEFAULT NULL,
    `target_audience` LONGTEXT DEFAULT NULL,
    `status` INT NOT NULL,
    `info` INT NOT NULL,
    `exemplary_content` INT NOT NULL
);
CREATE UNIQUE INDEX `course_request__code` ON `course_request` (`code`);

CREATE TABLE `course_type` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(50) NOT NULL,
    `translation_var` VARCHAR(40) DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `props` LONGTEXT DEFAULT NULL
);

CREATE TABLE `extra_field` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `extra_field_type` INT NOT NULL,
    `field_type` INT NOT NULL,
    `variable` VARCHAR(255) NOT NULL,
    `display_text` VARCHAR(255) DEFAULT NULL,
    `default_value` LONGTEXT DEFAULT NULL,
    `field_order` INT DEFAULT NULL,
    `visible_to_self` TINYINT(1) DEFAULT NULL,
    `visible_to_others` TINYINT(1) DEFAULT NULL,
    `changeable` TINYINT(1) DEFAULT NULL,
    `filter` TINYINT(1) DEFAULT NULL,
    `created_at` DATETIME NOT NULL
);

CREATE TABLE `extra_field_option_rel_field_option` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `field_option_id` INT DEFAULT NULL,
    `related_field_option_id` INT DEFAULT NULL,
    `role_id` INT DEFAULT NULL,
    `field_id` INT DEFAULT NULL
);
CREATE UNIQUE INDEX `extra_field_option_rel_field_option__idx` ON `extra_field_option_rel_field_option` (`field_id`, `role_id`, `field_option_id`, `related_field_option_id`);

CREATE TABLE `extra_field_options` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `field_id` INT DEFAULT NULL,
    `option_value` LONGTEXT DEFAULT NULL,
    `display_text` VARCHAR(255) DEFAULT NULL,
    `priority` VARCHAR(255) DEFAULT NULL,
    `priority_message` VARCHAR(255) DEFAULT NULL,
    `option_order` INT DEFAULT NULL,
    CONSTRAINT `FK_A572E3AE443707B0` FOREIGN KEY (`field_id`) REFERENCES `extra_field` (`id`)
);
CREATE INDEX `extra_field_options__IDX_A572E3AE443707B0` ON `extra_field_options` (`field_id`);

CREATE TABLE `extra_field_rel_tag` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `field_id` INT NOT NULL,
    `tag_id` INT NOT NULL,
    `item_id` INT NOT NULL
);
CREATE INDEX `extra_field_rel_tag__field` ON `extra_field_rel_tag` (`field_id`);
CREATE INDEX `extra_field_rel_tag__item` ON `extra_field_rel_tag` (`item_id`);
CREATE INDEX `extra_field_rel_tag__tag` ON `extra_field_rel_tag` (`tag_id`);
CREATE INDEX `extra_field_rel_tag__field_item_tag` ON `extra_field_rel_tag` (`field_id`, `item_id`, `tag_id`);

CREATE TABLE `extra_field_values` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `field_id` INT DEFAULT NULL,
    `value` VARCHAR(255) DEFAULT NULL,
    `item_id` INT NOT NULL,
    `created_at` DATETIME NOT NULL,
    `updated_at` DATETIME NOT NULL,
    `comment` LONGTEXT DEFAULT NULL,
    CONSTRAINT `FK_171DF924443707B0` FOREIGN KEY (`field_id`) REFERENCES `extra_field` (`id`)
);
CREATE INDEX `extra_field_values__IDX_171DF924443707B0` ON `extra_field_values` (`field_id`);
CREATE INDEX `extra_field_values__idx_efv_fiii` ON `extra_field_values` (`field_id`, `item_id`);

CREATE TABLE `grade_components` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `percentage` VARCHAR(255) NOT NULL,
    `title` VARCHAR(255) NOT NULL,
    `acronym` VARCHAR(255) NOT NULL,
    `grade_model_id` INT NOT NULL
);

CREATE TABLE `grade_model` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `default_lowest_eval_exclude` TINYINT(1) DEFAULT NULL,
    `default_external_eval` TINYINT(1) DEFAULT NULL,
    `default_external_eval_prefix` VARCHAR(140) DEFAULT NULL
);

CREATE TABLE `gradebook_category` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` LONGTEXT NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `course_code` VARCHAR(40) DEFAULT NULL,
    `parent_id` INT DEFAULT NULL,
    `weight` DOUBLE PRECISION NOT NULL,
    `visible` TINYINT(1) NOT NULL,
    `certif_min_score` INT DEFAULT NULL,
    `session_id` INT DEFAULT NULL,
    `document_id` INT DEFAULT NULL,
    `locked` INT NOT NULL,
    `default_lowest_eval_exclude` TINYINT(1) DEFAULT NULL,
    `generate_certificates` TINYINT(1) NOT NULL,
    `grade_model_id` INT DEFAULT NULL,
    `is_requirement` TINYINT(1) DEFAULT '0' NOT NULL
);

CREATE TABLE `gradebook_certificate` (
    `id` BIGINT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `cat_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `score_certificate` DOUBLE PRECISION NOT NULL,
    `created_at` DATETIME NOT NULL,
    `path_certificate` LONGTEXT DEFAULT NULL
);
CREATE INDEX `gradebook_certificate__idx_gradebook_certificate_category_id` ON `gradebook_certificate` (`cat_id`);
CREATE INDEX `gradebook_certificate__idx_gradebook_certificate_user_id` ON `gradebook_certificate` (`user_id`);
CREATE INDEX `gradebook_certificate__idx_gradebook_certificate_category_id_use` ON `gradebook_certificate` (`cat_id`, `user_id`);

CREATE TABLE `gradebook_evaluation` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` LONGTEXT NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `course_code` VARCHAR(40) DEFAULT NULL,
    `category_id` INT DEFAULT NULL,
    `created_at` DATETIME NOT NULL,
    `weight` DOUBLE PRECISION NOT NULL,
    `max` DOUBLE PRECISION NOT NULL,
    `visible` INT NOT NULL,
    `type` VARCHAR(40) NOT NULL,
    `locked` INT NOT NULL
);

CREATE TABLE `gradebook_link` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `type` INT NOT NULL,
    `ref_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `course_code` VARCHAR(40) NOT NULL,
    `category_id` INT NOT NULL,
    `created_at` DATETIME NOT NULL,
    `weight` DOUBLE PRECISION NOT NULL,
    `visible` INT NOT NULL,
    `locked` INT NOT NULL
);

CREATE TABLE `gradebook_linkeval_log` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id_linkeval_log` INT NOT NULL,
    `name` LONGTEXT DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `created_at` DATETIME NOT NULL,
    `weight` SMALLINT DEFAULT NULL,
    `visible` TINYINT(1) DEFAULT NULL,
    `type` VARCHAR(20) NOT NULL,
    `user_id_log` INT NOT NULL
);

CREATE TABLE `gradebook_result` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL,
    `evaluation_id` INT NOT NULL,
    `created_at` DATETIME NOT NULL,
    `score` DOUBLE PRECISION DEFAULT NULL
);

CREATE TABLE `gradebook_result_log` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `id_result` INT NOT NULL,
    `user_id` INT NOT NULL,
    `evaluation_id` INT NOT NULL,
    `created_at` DATETIME NOT NULL,
    `score` DOUBLE PRECISION DEFAULT NULL
);

CREATE TABLE `gradebook_score_display` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `score` DOUBLE PRECISION NOT NULL,
    `display` VARCHAR(40) NOT NULL,
    `category_id` INT NOT NULL,
    `score_color_percent` DOUBLE PRECISION NOT NULL
);
CREATE INDEX `gradebook_score_display__category_id` ON `gradebook_score_display` (`category_id`);

CREATE TABLE `gradebook_score_log` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `category_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `score` DOUBLE PRECISION NOT NULL,
    `registered_at` DATETIME NOT NULL
);
CREATE INDEX `gradebook_score_log__idx_gradebook_score_log_user` ON `gradebook_score_log` (`user_id`);
CREATE INDEX `gradebook_score_log__idx_gradebook_score_log_user_category` ON `gradebook_score_log` (`user_id`, `category_id`);

CREATE TABLE `hook_call` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `hook_event_id` INT NOT NULL,
    `hook_observer_id` INT NOT NULL,
    `type` TINYINT(1) NOT NULL,
    `hook_order` INT NOT NULL,
    `enabled` TINYINT(1) NOT NULL
);

CREATE TABLE `hook_event` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `class_name` VARCHAR(255) DEFAULT NULL,
    `description` VARCHAR(255) DEFAULT NULL
);
CREATE UNIQUE INDEX `hook_event__class_name` ON `hook_event` (`class_name`);

CREATE TABLE `hook_observer` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `class_name` VARCHAR(255) DEFAULT NULL,
    `path` VARCHAR(255) NOT NULL,
    `plugin_name` VARCHAR(255) DEFAULT NULL
);
CREATE UNIQUE INDEX `hook_observer__class_name` ON `hook_observer` (`class_name`);

CREATE TABLE `language` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `parent_id` INT DEFAULT NULL,
    `original_name` VARCHAR(255) DEFAULT NULL,
    `english_name` VARCHAR(255) DEFAULT NULL,
    `isocode` VARCHAR(10) DEFAULT NULL,
    `dokeos_folder` VARCHAR(250) DEFAULT NULL,
    `available` TINYINT(1) NOT NULL,
    CONSTRAINT `FK_D4DB71B5727ACA70` FOREIGN KEY (`parent_id`) REFERENCES `language` (`id`)
);
CREATE INDEX `language__IDX_D4DB71B5727ACA70` ON `language` (`parent_id`);
CREATE INDEX `language__idx_language_dokeos_folder` ON `language` (`dokeos_folder`);

CREATE TABLE `search_engine_ref` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `course_code` VARCHAR(40) NOT NULL,
    `tool_id` VARCHAR(100) NOT NULL,
    `ref_id_high_level` INT NOT NULL,
    `ref_id_second_level` INT DEFAULT NULL,
    `search_did` INT NOT NULL
);

CREATE TABLE `sequence` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL,
    `graph` LONGTEXT DEFAULT NULL,
    `created_at` DATETIME NOT NULL,
    `updated_at` DATETIME NOT NULL
);

CREATE TABLE `sequence_condition` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `description` LONGTEXT NOT NULL,
    `mat_op` VARCHAR(255) NOT NULL,
    `param` DOUBLE PRECISION NOT NULL,
    `act_true` INT NOT NULL,
    `act_false` VARCHAR(255) NOT NULL
);

CREATE TABLE `sequence_resource` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `sequence_id` INT DEFAULT NULL,
    `type` INT NOT NULL,
    `resource_id` INT NOT NULL,
    CONSTRAINT `FK_34ADA43998FB19AE` FOREIGN KEY (`sequence_id`) REFERENCES `sequence` (`id`)
);
CREATE INDEX `sequence_resource__IDX_34ADA43998FB19AE` ON `sequence_resource` (`sequence_id`);

CREATE TABLE `sequence_type_entity` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL,
    `description` LONGTEXT NOT NULL,
    `ent_table` VARCHAR(255) NOT NULL
);

CREATE TABLE `sequence_row_entity` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `sequence_type_entity_id` INT DEFAULT NULL,
    `c_id` INT NOT NULL,
    `session_id` INT NOT NULL,
    `row_id` INT NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    CONSTRAINT `FK_2779761FAED14944` FOREIGN KEY (`sequence_type_entity_id`) REFERENCES `sequence_type_entity` (`id`)
);
CREATE INDEX `sequence_row_entity__IDX_2779761FAED14944` ON `sequence_row_entity` (`sequence_type_entity_id`);

CREATE TABLE `sequence_variable` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `default_val` VARCHAR(255) DEFAULT NULL
);

CREATE TABLE `sequence_valid` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `sequence_variable_id` INT DEFAULT NULL,
    `sequence_condition_id` INT DEFAULT NULL,
    CONSTRAINT `FK_F78B9CE655C65E08` FOREIGN KEY (`sequence_variable_id`) REFERENCES `sequence_variable` (`id`),
    CONSTRAINT `FK_F78B9CE68C0A7083` FOREIGN KEY (`sequence_condition_id`) REFERENCES `sequence_condition` (`id`)
);
CREATE INDEX `sequence_valid__IDX_F78B9CE655C65E08` ON `sequence_valid` (`sequence_variable_id`);
CREATE INDEX `sequence_valid__IDX_F78B9CE68C0A7083` ON `sequence_valid` (`sequence_condition_id`);

CREATE TABLE `session_rel_course` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `session_id` INT NOT NULL,
    `c_id` INT NOT NULL,
    `nbr_users` INT NOT NULL,
    `position` INT NOT NULL,
    CONSTRAINT `FK_12D110D3613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`),
    CONSTRAINT `FK_12D110D391D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`)
);
CREATE INDEX `session_rel_course__IDX_12D110D3613FECDF` ON `session_rel_course` (`session_id`);
CREATE INDEX `session_rel_course__idx_session_rel_course_course_id` ON `session_rel_course` (`c_id`);

CREATE TABLE `session_rel_course_rel_user` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL,
    `session_id` INT NOT NULL,
    `c_id` INT NOT NULL,
    `visibility` INT NOT NULL,
    `status` INT NOT NULL,
    `legal_agreement` INT DEFAULT NULL,
    CONSTRAINT `FK_720167EA76ED395` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_720167E613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`),
    CONSTRAINT `FK_720167E91D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`)
);
CREATE INDEX `session_rel_course_rel_user__IDX_720167E613FECDF` ON `session_rel_course_rel_user` (`session_id`);
CREATE INDEX `session_rel_course_rel_user__idx_session_rel_course_rel_user_id_` ON `session_rel_course_rel_user` (`user_id`);
CREATE INDEX `session_rel_course_rel_user__idx_session_rel_course_rel_user_cou` ON `session_rel_course_rel_user` (`c_id`);

CREATE TABLE `session_rel_user` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `session_id` INT DEFAULT NULL,
    `user_id` INT DEFAULT NULL,
    `relation_type` INT NOT NULL,
    `duration` INT DEFAULT NULL,
    `moved_to` INT DEFAULT NULL,
    `moved_status` INT DEFAULT NULL,
    `moved_at` DATETIME DEFAULT NULL,
    `registered_at` DATETIME NOT NULL,
    CONSTRAINT `FK_B0D7D4C0613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`),
    CONSTRAINT `FK_B0D7D4C0A76ED395` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`)
);
CREATE INDEX `session_rel_user__IDX_B0D7D4C0613FECDF` ON `session_rel_user` (`session_id`);
CREATE INDEX `session_rel_user__IDX_B0D7D4C0A76ED395` ON `session_rel_user` (`user_id`);
CREATE INDEX `session_rel_user__idx_session_rel_user_id_user_moved` ON `session_rel_user` (`user_id`, `moved_to`);

CREATE TABLE `settings_current` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `variable` VARCHAR(255) DEFAULT NULL,
    `subkey` VARCHAR(255) DEFAULT NULL,
    `type` VARCHAR(255) DEFAULT NULL,
    `category` VARCHAR(255) DEFAULT NULL,
    `selected_value` VARCHAR(255) DEFAULT NULL,
    `title` VARCHAR(255) NOT NULL,
    `comment` VARCHAR(255) DEFAULT NULL,
    `scope` VARCHAR(50) DEFAULT NULL,
    `subkeytext` VARCHAR(255) DEFAULT NULL,
    `access_url` INT DEFAULT '1' NOT NULL,
    `access_url_changeable` INT NOT NULL,
    `access_url_locked` INT DEFAULT '0' NOT NULL
);
CREATE INDEX `settings_current__access_url` ON `settings_current` (`access_url`);
CREATE UNIQUE INDEX `settings_current__unique_setting` ON `settings_current` (`variable`, `subkey`, `access_url`);

CREATE TABLE `settings_options` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `variable` VARCHAR(255) DEFAULT NULL,
    `value` VARCHAR(255) DEFAULT NULL,
    `display_text` VARCHAR(255) NOT NULL
);
CREATE UNIQUE INDEX `settings_options__unique_setting_option` ON `settings_options` (`variable`, `value`);

CREATE TABLE `shared_survey` (
    `survey_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `code` VARCHAR(20) DEFAULT NULL,
    `title` LONGTEXT DEFAULT NULL,
    `subtitle` LONGTEXT DEFAULT NULL,
    `author` VARCHAR(250) DEFAULT NULL,
    `lang` VARCHAR(20) DEFAULT NULL,
    `template` VARCHAR(20) DEFAULT NULL,
    `intro` LONGTEXT DEFAULT NULL,
    `surveythanks` LONGTEXT DEFAULT NULL,
    `creation_date` DATETIME NOT NULL,
    `course_code` VARCHAR(40) NOT NULL
);
CREATE UNIQUE INDEX `shared_survey__id` ON `shared_survey` (`survey_id`);

CREATE TABLE `shared_survey_question` (
    `question_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `survey_id` INT NOT NULL,
    `survey_question` LONGTEXT NOT NULL,
    `survey_question_comment` LONGTEXT NOT NULL,
    `type` VARCHAR(250) NOT NULL,
    `display` VARCHAR(10) NOT NULL,
    `sort` INT NOT NULL,
    `code` VARCHAR(40) NOT NULL,
    `max_value` INT NOT NULL
);

CREATE TABLE `shared_survey_question_option` (
    `question_option_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `question_id` INT NOT NULL,
    `survey_id` INT NOT NULL,
    `option_text` LONGTEXT NOT NULL,
    `sort` INT NOT NULL
);

CREATE TABLE `skill_level_profile` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL
);

CREATE TABLE `skill` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `profile_id` INT DEFAULT NULL,
    `name` VARCHAR(255) NOT NULL,
    `short_code` VARCHAR(100) NOT NULL,
    `description` LONGTEXT NOT NULL,
    `access_url_id` INT NOT NULL,
    `icon` VARCHAR(255) NOT NULL,
    `criteria` LONGTEXT DEFAULT NULL,
    `status` INT DEFAULT '1' NOT NULL,
    `updated_at` DATETIME NOT NULL,
    CONSTRAINT `FK_5E3DE477CCFA12B8` FOREIGN KEY (`profile_id`) REFERENCES `skill_level_profile` (`id`)
);
CREATE INDEX `skill__IDX_5E3DE477CCFA12B8` ON `skill` (`profile_id`);

CREATE TABLE `skill_level` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `profile_id` INT DEFAULT NULL,
    `name` VARCHAR(255) NOT NULL,
    `position` INT NOT NULL,
    `short_name` VARCHAR(255) NOT NULL,
    CONSTRAINT `FK_BFC25F2FCCFA12B8` FOREIGN KEY (`profile_id`) REFERENCES `skill_level_profile` (`id`)
);
CREATE INDEX `skill_level__IDX_BFC25F2FCCFA12B8` ON `skill_level` (`profile_id`);

CREATE TABLE `skill_profile` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL,
    `description` LONGTEXT NOT NULL
);

CREATE TABLE `skill_rel_gradebook` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `gradebook_id` INT NOT NULL,
    `skill_id` INT NOT NULL,
    `type` VARCHAR(10) NOT NULL
);

CREATE TABLE `skill_rel_profile` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `skill_id` INT NOT NULL,
    `profile_id` INT NOT NULL
);

CREATE TABLE `skill_rel_skill` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `skill_id` INT NOT NULL,
    `parent_id` INT NOT NULL,
    `relation_type` INT NOT NULL,
    `level` INT NOT NULL
);

CREATE TABLE `skill_rel_user` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL,
    `skill_id` INT NOT NULL,
    `course_id` INT DEFAULT NULL,
    `session_id` INT DEFAULT NULL,
    `acquired_level` INT DEFAULT NULL,
    `acquired_skill_at` DATETIME NOT NULL,
    `assigned_by` INT NOT NULL,
    `argumentation` LONGTEXT NOT NULL,
    `argumentation_author_id` INT NOT NULL,
    CONSTRAINT `FK_79D3D95AA76ED395` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_79D3D95A5585C142` FOREIGN KEY (`skill_id`) REFERENCES `skill` (`id`),
    CONSTRAINT `FK_79D3D95A591CC992` FOREIGN KEY (`course_id`) REFERENCES `course` (`id`),
    CONSTRAINT `FK_79D3D95A613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`),
    CONSTRAINT `FK_79D3D95AF68F11CE` FOREIGN KEY (`acquired_level`) REFERENCES `skill_level` (`id`)
);
CREATE INDEX `skill_rel_user__IDX_79D3D95AA76ED395` ON `skill_rel_user` (`user_id`);
CREATE INDEX `skill_rel_user__IDX_79D3D95A5585C142` ON `skill_rel_user` (`skill_id`);
CREATE INDEX `skill_rel_user__IDX_79D3D95A591CC992` ON `skill_rel_user` (`course_id`);
CREATE INDEX `skill_rel_user__IDX_79D3D95A613FECDF` ON `skill_rel_user` (`session_id`);
CREATE INDEX `skill_rel_user__IDX_79D3D95AF68F11CE` ON `skill_rel_user` (`acquired_level`);
CREATE INDEX `skill_rel_user__idx_select_cs` ON `skill_rel_user` (`course_id`, `session_id`);
CREATE INDEX `skill_rel_user__idx_select_s_c_u` ON `skill_rel_user` (`session_id`, `course_id`, `user_id`);
CREATE INDEX `skill_rel_user__idx_select_sk_u` ON `skill_rel_user` (`skill_id`, `user_id`);

CREATE TABLE `skill_rel_user_comment` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `skill_rel_user_id` INT DEFAULT NULL,
    `feedback_giver_id` INT DEFAULT NULL,
    `feedback_text` LONGTEXT NOT NULL,
    `feedback_value` INT DEFAULT '1',
    `feedback_datetime` DATETIME NOT NULL,
    CONSTRAINT `FK_7AE9F6B6484A9317` FOREIGN KEY (`skill_rel_user_id`) REFERENCES `skill_rel_user` (`id`),
    CONSTRAINT `FK_7AE9F6B63AF3B65B` FOREIGN KEY (`feedback_giver_id`) REFERENCES `user` (`id`)
);
CREATE INDEX `skill_rel_user_comment__IDX_7AE9F6B6484A9317` ON `skill_rel_user_comment` (`skill_rel_user_id`);
CREATE INDEX `skill_rel_user_comment__IDX_7AE9F6B63AF3B65B` ON `skill_rel_user_comment` (`feedback_giver_id`);
CREATE INDEX `skill_rel_user_comment__idx_select_su_giver` ON `skill_rel_user_comment` (`skill_rel_user_id`, `feedback_giver_id`);

CREATE TABLE `specific_field` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `code` VARCHAR(1) NOT NULL,
    `name` VARCHAR(200) NOT NULL
);
CREATE UNIQUE INDEX `specific_field__unique_specific_field__code` ON `specific_field` (`code`);

CREATE TABLE `specific_field_values` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `course_code` VARCHAR(40) NOT NULL,
    `tool_id` VARCHAR(100) NOT NULL,
    `ref_id` INT NOT NULL,
    `field_id` INT NOT NULL,
    `value` VARCHAR(200) NOT NULL
);

CREATE TABLE `system_template` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `title` VARCHAR(250) NOT NULL,
    `comment` LONGTEXT NOT NULL,
    `image` VARCHAR(250) NOT NULL,
    `content` LONGTEXT NOT NULL
);

CREATE TABLE `tag` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `tag` VARCHAR(255) NOT NULL,
    `field_id` INT NOT NULL,
    `count` INT NOT NULL
);

CREATE TABLE `templates` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `title` VARCHAR(100) NOT NULL,
    `description` VARCHAR(250) NOT NULL,
    `course_code` VARCHAR(40) NOT NULL,
    `user_id` INT NOT NULL,
    `ref_doc` INT NOT NULL,
    `image` VARCHAR(250) NOT NULL
);

CREATE TABLE `ticket_project` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `email` VARCHAR(255) DEFAULT NULL,
    `other_area` INT DEFAULT NULL,
    `sys_insert_user_id` INT NOT NULL,
    `sys_insert_datetime` DATETIME NOT NULL,
    `sys_lastedit_user_id` INT DEFAULT NULL,
    `sys_lastedit_datetime` DATETIME DEFAULT NULL
);

CREATE TABLE `ticket_category` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `project_id` INT DEFAULT NULL,
    `name` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `total_tickets` INT NOT NULL,
    `course_required` TINYINT(1) NOT NULL,
    `sys_insert_user_id` INT NOT NULL,
    `sys_insert_datetime` DATETIME NOT NULL,
    `sys_lastedit_user_id` INT DEFAULT NULL,
    `sys_lastedit_datetime` DATETIME DEFAULT NULL,
    CONSTRAINT `FK_8325E540166D1F9C` FOREIGN KEY (`project_id`) REFERENCES `ticket_project` (`id`)
);
CREATE INDEX `ticket_category__IDX_8325E540166D1F9C` ON `ticket_category` (`project_id`);

CREATE TABLE `ticket_priority` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL,
    `code` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `color` VARCHAR(255) NOT NULL,
    `urgency` VARCHAR(255) NOT NULL,
    `sys_insert_user_id` INT NOT NULL,
    `sys_insert_datetime` DATETIME NOT NULL,
    `sys_lastedit_user_id` INT DEFAULT NULL,
    `sys_lastedit_datetime` DATETIME DEFAULT NULL
);

CREATE TABLE `ticket_status` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `code` VARCHAR(255) NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL
);

CREATE TABLE `ticket_ticket` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `project_id` INT DEFAULT NULL,
    `category_id` INT DEFAULT NULL,
    `priority_id` INT DEFAULT NULL,
    `course_id` INT DEFAULT NULL,
    `session_id` INT DEFAULT NULL,
    `status_id` INT DEFAULT NULL,
    `code` VARCHAR(255) NOT NULL,
    `subject` VARCHAR(255) NOT NULL,
    `message` LONGTEXT DEFAULT NULL,
    `personal_email` VARCHAR(255) NOT NULL,
    `assigned_last_user` INT DEFAULT NULL,
    `total_messages` INT NOT NULL,
    `keyword` VARCHAR(255) DEFAULT NULL,
    `source` VARCHAR(255) DEFAULT NULL,
    `start_date` DATETIME DEFAULT NULL,
    `end_date` DATETIME DEFAULT NULL,
    `sys_insert_user_id` INT NOT NULL,
    `sys_insert_datetime` DATETIME NOT NULL,
    `sys_lastedit_user_id` INT DEFAULT NULL,
    `sys_lastedit_datetime` DATETIME DEFAULT NULL,
    CONSTRAINT `FK_EDE2C768166D1F9C` FOREIGN KEY (`project_id`) REFERENCES `ticket_project` (`id`),
    CONSTRAINT `FK_EDE2C76812469DE2` FOREIGN KEY (`category_id`) REFERENCES `ticket_category` (`id`),
    CONSTRAINT `FK_EDE2C768497B19F9` FOREIGN KEY (`priority_id`) REFERENCES `ticket_priority` (`id`),
    CONSTRAINT `FK_EDE2C768591CC992` FOREIGN KEY (`course_id`) REFERENCES `course` (`id`),
    CONSTRAINT `FK_EDE2C768613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`),
    CONSTRAINT `FK_EDE2C7686BF700BD` FOREIGN KEY (`status_id`) REFERENCES `ticket_status` (`id`)
);
CREATE INDEX `ticket_ticket__IDX_EDE2C768166D1F9C` ON `ticket_ticket` (`project_id`);
CREATE INDEX `ticket_ticket__IDX_EDE2C76812469DE2` ON `ticket_ticket` (`category_id`);
CREATE INDEX `ticket_ticket__IDX_EDE2C768497B19F9` ON `ticket_ticket` (`priority_id`);
CREATE INDEX `ticket_ticket__IDX_EDE2C768591CC992` ON `ticket_ticket` (`course_id`);
CREATE INDEX `ticket_ticket__IDX_EDE2C768613FECDF` ON `ticket_ticket` (`session_id`);
CREATE INDEX `ticket_ticket__IDX_EDE2C7686BF700BD` ON `ticket_ticket` (`status_id`);

CREATE TABLE `track_course_ranking` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `session_id` INT NOT NULL,
    `url_id` INT NOT NULL,
    `accesses` INT NOT NULL,
    `total_score` INT NOT NULL,
    `users` INT NOT NULL,
    `creation_date` DATETIME NOT NULL
);
CREATE INDEX `track_course_ranking__idx_tcc_cid` ON `track_course_ranking` (`c_id`);
CREATE INDEX `track_course_ranking__idx_tcc_sid` ON `track_course_ranking` (`session_id`);
CREATE INDEX `track_course_ranking__idx_tcc_urlid` ON `track_course_ranking` (`url_id`);
CREATE INDEX `track_course_ranking__idx_tcc_creation_date` ON `track_course_ranking` (`creation_date`);

CREATE TABLE `track_e_access` (
    `access_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `access_user_id` INT DEFAULT NULL,
    `access_date` DATETIME NOT NULL,
    `c_id` INT NOT NULL,
    `access_tool` VARCHAR(30) DEFAULT NULL,
    `access_session_id` INT NOT NULL,
    `user_ip` VARCHAR(39) NOT NULL
);
CREATE INDEX `track_e_access__access_user_id` ON `track_e_access` (`access_user_id`);
CREATE INDEX `track_e_access__access_c_id` ON `track_e_access` (`c_id`);
CREATE INDEX `track_e_access__access_session_id` ON `track_e_access` (`access_session_id`);

CREATE TABLE `track_e_attempt` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `exe_id` INT DEFAULT NULL,
    `user_id` INT NOT NULL,
    `question_id` INT NOT NULL,
    `answer` LONGTEXT NOT NULL,
    `teacher_comment` LONGTEXT NOT NULL,
    `marks` DOUBLE PRECISION NOT NULL,
    `c_id` INT NOT NULL,
    `position` INT DEFAULT NULL,
    `tms` DATETIME DEFAULT NULL,
    `session_id` INT NOT NULL,
    `filename` VARCHAR(255) DEFAULT NULL
);
CREATE INDEX `track_e_attempt__course` ON `track_e_attempt` (`c_id`);
CREATE INDEX `track_e_attempt__exe_id` ON `track_e_attempt` (`exe_id`);
CREATE INDEX `track_e_attempt__user_id` ON `track_e_attempt` (`user_id`);
CREATE INDEX `track_e_attempt__question_id` ON `track_e_attempt` (`question_id`);
CREATE INDEX `track_e_attempt__session_id` ON `track_e_attempt` (`session_id`);

CREATE TABLE `track_e_attempt_coeff` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `attempt_id` INT NOT NULL,
    `marks_coeff` DOUBLE PRECISION DEFAULT NULL
);

CREATE TABLE `track_e_attempt_recording` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `exe_id` INT NOT NULL,
    `question_id` INT NOT NULL,
    `marks` INT NOT NULL,
    `insert_date` DATETIME NOT NULL,
    `author` INT NOT NULL,
    `teacher_comment` LONGTEXT NOT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `track_e_attempt_recording__exe_id` ON `track_e_attempt_recording` (`exe_id`);
CREATE INDEX `track_e_attempt_recording__question_id` ON `track_e_attempt_recording` (`question_id`);
CREATE INDEX `track_e_attempt_recording__session_id` ON `track_e_attempt_recording` (`session_id`);

CREATE TABLE `track_e_course_access` (
    `course_access_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `login_course_date` DATETIME NOT NULL,
    `logout_course_date` DATETIME DEFAULT NULL,
    `counter` INT NOT NULL,
    `session_id` INT NOT NULL,
    `user_ip` VARCHAR(39) NOT NULL
);
CREATE INDEX `track_e_course_access__course` ON `track_e_course_access` (`c_id`);
CREATE INDEX `track_e_course_access__user_id` ON `track_e_course_access` (`user_id`);
CREATE INDEX `track_e_course_access__login_course_date` ON `track_e_course_access` (`login_course_date`);
CREATE INDEX `track_e_course_access__session_id` ON `track_e_course_access` (`session_id`);

CREATE TABLE `track_e_default` (
    `default_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `default_user_id` INT NOT NULL,
    `c_id` INT DEFAULT NULL,
    `default_date` DATETIME DEFAULT NULL,
    `default_event_type` VARCHAR(255) NOT NULL,
    `default_value_type` VARCHAR(255) NOT NULL,
    `default_value` LONGTEXT NOT NULL,
    `session_id` INT DEFAULT NULL
);
CREATE INDEX `track_e_default__course` ON `track_e_default` (`c_id`);
CREATE INDEX `track_e_default__session` ON `track_e_default` (`session_id`);

CREATE TABLE `track_e_downloads` (
    `down_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `down_user_id` INT DEFAULT NULL,
    `down_date` DATETIME NOT NULL,
    `c_id` INT NOT NULL,
    `down_doc_path` VARCHAR(255) NOT NULL,
    `down_session_id` INT NOT NULL
);
CREATE INDEX `track_e_downloads__idx_ted_user_id` ON `track_e_downloads` (`down_user_id`);
CREATE INDEX `track_e_downloads__idx_ted_c_id` ON `track_e_downloads` (`c_id`);
CREATE INDEX `track_e_downloads__down_session_id` ON `track_e_downloads` (`down_session_id`);

CREATE TABLE `track_e_exercises` (
    `exe_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `exe_user_id` INT DEFAULT NULL,
    `exe_date` DATETIME NOT NULL,
    `c_id` INT NOT NULL,
    `exe_exo_id` INT NOT NULL,
    `exe_result` DOUBLE PRECISION NOT NULL,
    `exe_weighting` DOUBLE PRECISION NOT NULL,
    `user_ip` VARCHAR(39) NOT NULL,
    `status` VARCHAR(20) NOT NULL,
    `data_tracking` LONGTEXT NOT NULL,
    `start_date` DATETIME NOT NULL,
    `steps_counter` SMALLINT NOT NULL,
    `session_id` SMALLINT NOT NULL,
    `orig_lp_id` INT NOT NULL,
    `orig_lp_item_id` INT NOT NULL,
    `exe_duration` INT NOT NULL,
    `expired_time_control` DATETIME DEFAULT NULL,
    `orig_lp_item_view_id` INT NOT NULL,
    `questions_to_check` LONGTEXT NOT NULL
);
CREATE INDEX `track_e_exercises__idx_tee_user_id` ON `track_e_exercises` (`exe_user_id`);
CREATE INDEX `track_e_exercises__idx_tee_c_id` ON `track_e_exercises` (`c_id`);
CREATE INDEX `track_e_exercises__session_id` ON `track_e_exercises` (`session_id`);

CREATE TABLE `track_e_hotpotatoes` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `exe_name` VARCHAR(255) NOT NULL,
    `exe_user_id` INT DEFAULT NULL,
    `exe_date` DATETIME NOT NULL,
    `c_id` INT NOT NULL,
    `exe_result` SMALLINT NOT NULL,
    `exe_weighting` SMALLINT NOT NULL
);
CREATE INDEX `track_e_hotpotatoes__idx_tehp_user_id` ON `track_e_hotpotatoes` (`exe_user_id`);
CREATE INDEX `track_e_hotpotatoes__idx_tehp_c_id` ON `track_e_hotpotatoes` (`c_id`);

CREATE TABLE `track_e_hotspot` (
    `hotspot_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `hotspot_user_id` INT NOT NULL,
    `hotspot_course_code` VARCHAR(50) NOT NULL,
    `c_id` INT DEFAULT NULL,
    `hotspot_exe_id` INT NOT NULL,
    `hotspot_question_id` INT NOT NULL,
    `hotspot_answer_id` INT NOT NULL,
    `hotspot_correct` TINYINT(1) NOT NULL,
    `hotspot_coordinate` LONGTEXT NOT NULL
);
CREATE INDEX `track_e_hotspot__hotspot_course_code` ON `track_e_hotspot` (`hotspot_course_code`);
CREATE INDEX `track_e_hotspot__hotspot_user_id` ON `track_e_hotspot` (`hotspot_user_id`);
CREATE INDEX `track_e_hotspot__hotspot_exe_id` ON `track_e_hotspot` (`hotspot_exe_id`);
CREATE INDEX `track_e_hotspot__hotspot_question_id` ON `track_e_hotspot` (`hotspot_question_id`);

CREATE TABLE `track_e_item_property` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `course_id` INT NOT NULL,
    `item_property_id` INT NOT NULL,
    `title` VARCHAR(255) DEFAULT NULL,
    `content` LONGTEXT DEFAULT NULL,
    `progress` INT NOT NULL,
    `lastedit_date` DATETIME NOT NULL,
    `lastedit_user_id` INT NOT NULL,
    `session_id` INT NOT NULL
);
CREATE INDEX `track_e_item_property__course_id` ON `track_e_item_property` (`course_id`, `item_property_id`, `session_id`);

CREATE TABLE `track_e_lastaccess` (
    `access_id` BIGINT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `access_user_id` INT DEFAULT NULL,
    `access_date` DATETIME NOT NULL,
    `c_id` INT NOT NULL,
    `access_tool` VARCHAR(30) DEFAULT NULL,
    `access_session_id` INT DEFAULT NULL
);
CREATE INDEX `track_e_lastaccess__access_user_id` ON `track_e_lastaccess` (`access_user_id`);
CREATE INDEX `track_e_lastaccess__access_c_id` ON `track_e_lastaccess` (`c_id`);
CREATE INDEX `track_e_lastaccess__access_session_id` ON `track_e_lastaccess` (`access_session_id`);

CREATE TABLE `track_e_links` (
    `links_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `links_user_id` INT DEFAULT NULL,
    `links_date` DATETIME NOT NULL,
    `c_id` INT NOT NULL,
    `links_link_id` INT NOT NULL,
    `links_session_id` INT NOT NULL
);
CREATE INDEX `track_e_links__idx_tel_c_id` ON `track_e_links` (`c_id`);
CREATE INDEX `track_e_links__idx_tel_user_id` ON `track_e_links` (`links_user_id`);
CREATE INDEX `track_e_links__links_session_id` ON `track_e_links` (`links_session_id`);

CREATE TABLE `track_e_login` (
    `login_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `login_user_id` INT NOT NULL,
    `login_date` DATETIME NOT NULL,
    `user_ip` VARCHAR(39) NOT NULL,
    `logout_date` DATETIME DEFAULT NULL
);
CREATE INDEX `track_e_login__login_user_id` ON `track_e_login` (`login_user_id`);

CREATE TABLE `track_e_online` (
    `login_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `login_user_id` INT NOT NULL,
    `login_date` DATETIME NOT NULL,
    `user_ip` VARCHAR(39) NOT NULL,
    `c_id` INT NOT NULL,
    `session_id` INT NOT NULL,
    `access_url_id` INT NOT NULL
);
CREATE INDEX `track_e_online__course` ON `track_e_online` (`c_id`);
CREATE INDEX `track_e_online__login_user_id` ON `track_e_online` (`login_user_id`);
CREATE INDEX `track_e_online__session_id` ON `track_e_online` (`session_id`);

CREATE TABLE `track_e_open` (
    `open_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `open_remote_host` LONGTEXT NOT NULL,
    `open_agent` LONGTEXT NOT NULL,
    `open_referer` LONGTEXT NOT NULL,
    `open_date` DATETIME NOT NULL
);

CREATE TABLE `track_e_uploads` (
    `upload_id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `upload_user_id` INT DEFAULT NULL,
    `upload_date` DATETIME NOT NULL,
    `upload_cours_id` VARCHAR(40) NOT NULL,
    `c_id` INT DEFAULT NULL,
    `upload_work_id` INT NOT NULL,
    `upload_session_id` INT NOT NULL
);
CREATE INDEX `track_e_uploads__course` ON `track_e_uploads` (`c_id`);
CREATE INDEX `track_e_uploads__upload_user_id` ON `track_e_uploads` (`upload_user_id`);
CREATE INDEX `track_e_uploads__upload_cours_id` ON `track_e_uploads` (`upload_cours_id`);
CREATE INDEX `track_e_uploads__upload_session_id` ON `track_e_uploads` (`upload_session_id`);

CREATE TABLE `track_stored_values` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL,
    `sco_id` INT NOT NULL,
    `course_id` VARCHAR(40) NOT NULL,
    `sv_key` VARCHAR(64) NOT NULL,
    `sv_value` LONGTEXT NOT NULL
);
CREATE UNIQUE INDEX `track_stored_values__user_id_2` ON `track_stored_values` (`user_id`, `sco_id`, `course_id`, `sv_key`);

CREATE TABLE `track_stored_values_stack` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL,
    `sco_id` INT NOT NULL,
    `stack_order` INT NOT NULL,
    `course_id` VARCHAR(40) NOT NULL,
    `sv_key` VARCHAR(64) NOT NULL,
    `sv_value` LONGTEXT NOT NULL
);
CREATE UNIQUE INDEX `track_stored_values_stack__user_id_2` ON `track_stored_values_stack` (`user_id`, `sco_id`, `course_id`, `sv_key`, `stack_order`);

CREATE TABLE `user_api_key` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL,
    `api_key` VARCHAR(32) NOT NULL,
    `api_service` VARCHAR(10) NOT NULL,
    `api_end_point` LONGTEXT DEFAULT NULL,
    `created_date` DATETIME DEFAULT NULL,
    `validity_start_date` DATETIME DEFAULT NULL,
    `validity_end_date` DATETIME DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL
);
CREATE INDEX `user_api_key__idx_user_api_keys_user` ON `user_api_key` (`user_id`);

CREATE TABLE `user_course_category` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL,
    `title` LONGTEXT NOT NULL,
    `sort` INT DEFAULT NULL
);
CREATE INDEX `user_course_category__idx_user_c_cat_uid` ON `user_course_category` (`user_id`);

CREATE TABLE `user_rel_course_vote` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `user_id` INT NOT NULL,
    `session_id` INT NOT NULL,
    `url_id` INT NOT NULL,
    `vote` INT NOT NULL
);
CREATE INDEX `user_rel_course_vote__idx_ucv_cid` ON `user_rel_course_vote` (`c_id`);
CREATE INDEX `user_rel_course_vote__idx_ucv_uid` ON `user_rel_course_vote` (`user_id`);
CREATE INDEX `user_rel_course_vote__idx_ucv_cuid` ON `user_rel_course_vote` (`user_id`, `c_id`);

CREATE TABLE `user_rel_tag` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT NOT NULL,
    `tag_id` INT NOT NULL
);
CREATE INDEX `user_rel_tag__idx_urt_uid` ON `user_rel_tag` (`user_id`);
CREATE INDEX `user_rel_tag__idx_urt_tid` ON `user_rel_tag` (`tag_id`);

CREATE TABLE `usergroup` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `name` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `group_type` INT NOT NULL,
    `picture` VARCHAR(255) DEFAULT NULL,
    `url` VARCHAR(255) DEFAULT NULL,
    `visibility` VARCHAR(255) NOT NULL,
    `allow_members_leave_group` INT NOT NULL,
    `created_at` DATETIME NOT NULL,
    `updated_at` DATETIME NOT NULL
);

CREATE TABLE `usergroup_rel_course` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `usergroup_id` INT NOT NULL,
    `course_id` INT NOT NULL
);

CREATE TABLE `usergroup_rel_question` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `question_id` INT NOT NULL,
    `usergroup_id` INT NOT NULL,
    `coefficient` DOUBLE PRECISION DEFAULT NULL
);

CREATE TABLE `usergroup_rel_session` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `usergroup_id` INT NOT NULL,
    `session_id` INT NOT NULL
);

CREATE TABLE `usergroup_rel_user` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `user_id` INT DEFAULT NULL,
    `usergroup_id` INT DEFAULT NULL,
    `relation_type` INT NOT NULL,
    CONSTRAINT `FK_739515A9A76ED395` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`),
    CONSTRAINT `FK_739515A9D2112630` FOREIGN KEY (`usergroup_id`) REFERENCES `usergroup` (`id`)
);
CREATE INDEX `usergroup_rel_user__IDX_739515A9A76ED395` ON `usergroup_rel_user` (`user_id`);
CREATE INDEX `usergroup_rel_user__IDX_739515A9D2112630` ON `usergroup_rel_user` (`usergroup_id`);

CREATE TABLE `usergroup_rel_usergroup` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `group_id` INT NOT NULL,
    `subgroup_id` INT NOT NULL,
    `relation_type` INT NOT NULL
);

-- Migrations that were applied; Chamilo's installer makes this table itself.
CREATE TABLE `version` (
    `id` INT UNSIGNED AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `version` VARCHAR(20) DEFAULT NULL
);
CREATE UNIQUE INDEX `version_version` ON `version` (`version`);

-- Plugins: xAPI activities and H5P packages of courses.
CREATE TABLE `xapi_tool_launch` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `session_id` INT DEFAULT NULL,
    `title` VARCHAR(255) NOT NULL,
    `description` LONGTEXT DEFAULT NULL,
    `launch_url` VARCHAR(255) NOT NULL,
    `activity_id` VARCHAR(255) DEFAULT NULL,
    `activity_type` VARCHAR(255) DEFAULT NULL,
    `allow_multiple_attempts` TINYINT(1) DEFAULT '1' NOT NULL,
    `lrs_url` VARCHAR(255) DEFAULT NULL,
    `lrs_auth_username` VARCHAR(255) DEFAULT NULL,
    `lrs_auth_password` VARCHAR(255) DEFAULT NULL,
    CONSTRAINT `FK_E18CB58391D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`) ON DELETE CASCADE,
    CONSTRAINT `FK_E18CB583613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`) ON DELETE CASCADE
);
CREATE INDEX `xapi_tool_launch__IDX_E18CB58391D79BD3` ON `xapi_tool_launch` (`c_id`);
CREATE INDEX `xapi_tool_launch__IDX_E18CB583613FECDF` ON `xapi_tool_launch` (`session_id`);

CREATE TABLE `xapi_cmi5_item` (
    `id` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `tool_id` INT DEFAULT NULL,
    `tree_root` INT DEFAULT NULL,
    `parent_id` INT DEFAULT NULL,
    `identifier` VARCHAR(255) NOT NULL,
    `type` VARCHAR(255) NOT NULL,
    `title` LONGTEXT NOT NULL,
    `description` LONGTEXT NOT NULL,
    `url` VARCHAR(255) DEFAULT NULL,
    `activity_type` VARCHAR(255) DEFAULT NULL,
    `launch_method` VARCHAR(255) DEFAULT NULL,
    `move_on` VARCHAR(255) DEFAULT NULL,
    `mastery_score` DOUBLE PRECISION DEFAULT NULL,
    `launch_parameters` VARCHAR(255) DEFAULT NULL,
    `entitlement_key` VARCHAR(255) DEFAULT NULL,
    `status` VARCHAR(255) DEFAULT NULL,
    `lft` INT NOT NULL,
    `lvl` INT NOT NULL,
    `rgt` INT NOT NULL,
    CONSTRAINT `FK_7CA116D88F7B22CC` FOREIGN KEY (`tool_id`) REFERENCES `xapi_tool_launch` (`id`) ON DELETE CASCADE,
    CONSTRAINT `FK_7CA116D8A977936C` FOREIGN KEY (`tree_root`) REFERENCES `xapi_cmi5_item` (`id`) ON DELETE CASCADE,
    CONSTRAINT `FK_7CA116D8727ACA70` FOREIGN KEY (`parent_id`) REFERENCES `xapi_cmi5_item` (`id`) ON DELETE CASCADE
);
CREATE INDEX `xapi_cmi5_item__IDX_7CA116D88F7B22CC` ON `xapi_cmi5_item` (`tool_id`);
CREATE INDEX `xapi_cmi5_item__IDX_7CA116D8A977936C` ON `xapi_cmi5_item` (`tree_root`);
CREATE INDEX `xapi_cmi5_item__IDX_7CA116D8727ACA70` ON `xapi_cmi5_item` (`parent_id`);

CREATE TABLE `plugin_h5p_import_library` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `created_at` DATETIME NOT NULL,
    `modified_at` DATETIME NOT NULL,
    `title` VARCHAR(255) DEFAULT NULL,
    `machine_name` VARCHAR(255) NOT NULL,
    `major_version` INT NOT NULL,
    `minor_version` INT NOT NULL,
    `patch_version` INT NOT NULL,
    `runnable` INT DEFAULT NULL,
    `embed_types` LONGTEXT DEFAULT NULL,
    `preloaded_js` LONGTEXT DEFAULT NULL,
    `preloaded_css` LONGTEXT DEFAULT NULL,
    `library_path` VARCHAR(255) NOT NULL,
    CONSTRAINT `FK_CA12E82C91D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`)
);
CREATE INDEX `plugin_h5p_import_library__IDX_CA12E82C91D79BD3` ON `plugin_h5p_import_library` (`c_id`);

CREATE TABLE `plugin_h5p_import` (
    `iid` INT AUTO_INCREMENT NOT NULL PRIMARY KEY,
    `c_id` INT NOT NULL,
    `session_id` INT DEFAULT NULL,
    `main_library_id` INT DEFAULT NULL,
    `path` LONGTEXT NOT NULL,
    `relative_path` LONGTEXT NOT NULL,
    `created_at` DATETIME NOT NULL,
    `modified_at` DATETIME NOT NULL,
    `name` LONGTEXT DEFAULT NULL,
    `description` LONGTEXT DEFAULT NULL,
    CONSTRAINT `FK_BF67C06491D79BD3` FOREIGN KEY (`c_id`) REFERENCES `course` (`id`),
    CONSTRAINT `FK_BF67C064613FECDF` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`),
    CONSTRAINT `FK_BF67C064C6DD35B4` FOREIGN KEY (`main_library_id`) REFERENCES `plugin_h5p_import_library` (`iid`) ON DELETE SET NULL
);
CREATE INDEX `plugin_h5p_import__IDX_BF67C06491D79BD3` ON `plugin_h5p_import` (`c_id`);
CREATE INDEX `plugin_h5p_import__IDX_BF67C064613FECDF` ON `plugin_h5p_import` (`session_id`);
CREATE INDEX `plugin_h5p_import__IDX_BF67C064C6DD35B4` ON `plugin_h5p_import` (`main_library_id`);
