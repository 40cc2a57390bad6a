<?php
// The classes that `course_info.dat` names, as far as coursefs writes them: nothing but their properties, in the order
// in which PHP 7.4 keeps them (a class's own properties before those of its parent). Each class is therefore written
// out flat, since PHP 8.1 and later would put the parent's first. Written for these tests; no code of Chamilo.

namespace Chamilo\CourseBundle\Component\CourseCopy {
    // Chamilo gives a course three more properties while it makes a backup: backup_path, type, info. coursefs adds one.
    #[\AllowDynamicProperties]
    class Course
    {
        public $resources;
        public $code;
        public $path;
        public $destination_path;
        public $destination_db;
        public $encoding;
    }
}

namespace Chamilo\CourseBundle\Component\CourseCopy\Resources {
    class Document
    {
        public $path;
        public $comment;
        public $file_type;
        public $size;
        public $title;
        public $source_id;
        public $destination_id;
        public $type;
        public $linked_resources;
        public $item_properties;
        public $obj;
        public $extraFields;
    }

    class Quiz
    {
        public $obj;
        public $source_id;
        public $destination_id;
        public $type;
        public $linked_resources;
        public $item_properties;
        public $extraFields;
    }
}

namespace {
    const CLASSES = [
        'Chamilo\CourseBundle\Component\CourseCopy\Course',
        'Chamilo\CourseBundle\Component\CourseCopy\Resources\Document',
        'Chamilo\CourseBundle\Component\CourseCopy\Resources\Quiz',
        'stdClass',
    ];

    // A value with its type: objects and arrays as lists of pairs, which keep their order in JSON.
    function shown($value)
    {
        if (is_object($value)) {
            return ['object' => get_class($value), 'of' => pairs(get_object_vars($value))];
        }
        return is_array($value) ? ['array' => pairs($value)] : [gettype($value) => $value];
    }

    function pairs(array $values): array
    {
        return array_map(fn ($key, $value) => [$key, shown($value)], array_keys($values), $values);
    }

    $serialized = base64_decode(file_get_contents($argv[1]), true);
    $course = unserialize($serialized, ['allowed_classes' => CLASSES]);
    echo json_encode([
        'course' => shown($course),
        // Alike only if every object's properties stand in the order declared above.
        'same' => serialize($course) === $serialized,
    ], JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
}
