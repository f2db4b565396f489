-- Written by `sestina-codegen migrate`. Released, it stays as it is: the next change has the next number.

CREATE INDEX `pubsub_subscriptions_by_account` ON `pubsub_subscriptions` (`account`);
CREATE INDEX `pubsub_affiliations_by_account` ON `pubsub_affiliations` (`account`);
