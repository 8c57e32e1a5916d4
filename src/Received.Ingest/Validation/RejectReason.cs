namespace Received.Ingest.Validation;

/// <summary>Why one event is refused. A refusal is a value: the body goes on with the next event.</summary>
public enum RejectReason : byte
{
    None,
    MalformedLine,
    InvalidUtf8,
    NotAnObject,
    EventTooLarge,
    TooDeep,
    TooManyFields,
    DuplicateField,
    UnknownField,
    ReservedField,
    MissingField,
    NotAString,
    NotANumber,
    NotAnObjectField,
    LoneSurrogate,
    NulCharacter,
    EmptyString,
    StringTooLong,
    DataTooLarge,
    TimestampMalformed,
    TimestampTooOld,
    TimestampTooFarAhead,
    QuantityMalformed,
    QuantityTooPrecise,
    QuantityTooLarge,
    QuantityNegative,
    CurrencyMalformed,
    ValidationMismatch,
}

/// <summary>The field that a refusal is about.</summary>
enum EventField : byte
{
    /// <summary>The event as a whole.</summary>
    Whole,
    Timestamp,
    CustomerRef,
    CustomerName,
    ProductRef,
    ProductName,
    Quantity,
    Data,
    Validations,
    Currency,
    EntityRef,
    Key,
    Ref,

    /// <summary>A field of the event that we do not know; its name is kept beside.</summary>
    Unknown,

    /// <summary>The same within validations.</summary>
    UnknownValidation,
}

/// <summary>
/// The one table of refusals: what the client sees for each. Codes are part of the API: never change one.
/// </summary>
static class RejectTable
{
    public static string Code(RejectReason reason) => reason switch
    {
        RejectReason.None => "none",
        RejectReason.MalformedLine => "malformed_json",
        RejectReason.InvalidUtf8 => "invalid_utf8",
        RejectReason.NotAnObject => "not_an_object",
        RejectReason.EventTooLarge => "event_too_large",
        RejectReason.TooDeep => "too_deep",
        RejectReason.TooManyFields => "too_many_fields",
        RejectReason.DuplicateField => "duplicate_field",
        RejectReason.UnknownField => "unknown_field",
        RejectReason.ReservedField => "reserved_field",
        RejectReason.MissingField => "missing_field",
        RejectReason.NotAString => "not_a_string",
        RejectReason.NotANumber => "not_a_number",
        RejectReason.NotAnObjectField => "not_an_object",
        RejectReason.LoneSurrogate => "lone_surrogate",
        RejectReason.NulCharacter => "nul_character",
        RejectReason.EmptyString => "empty_string",
        RejectReason.StringTooLong => "string_too_long",
        RejectReason.DataTooLarge => "data_too_large",
        RejectReason.TimestampMalformed => "timestamp_malformed",
        RejectReason.TimestampTooOld => "timestamp_too_old",
        RejectReason.TimestampTooFarAhead => "timestamp_too_far_ahead",
        RejectReason.QuantityMalformed => "quantity_malformed",
        RejectReason.QuantityTooPrecise => "quantity_too_precise",
        RejectReason.QuantityTooLarge => "quantity_too_large",
        RejectReason.QuantityNegative => "quantity_negative",
        RejectReason.CurrencyMalformed => "currency_malformed",
        RejectReason.ValidationMismatch => "validation_mismatch",
    };

    public static string Detail(RejectReason reason) => reason switch
    {
        RejectReason.None => "",
        RejectReason.MalformedLine => "The line is not one JSON value.",
        RejectReason.InvalidUtf8 => "The line is not valid UTF-8.",
        RejectReason.NotAnObject => "An event must be a JSON object.",
        RejectReason.EventTooLarge => $"An event may have at most {Limits.EventBytesMax} bytes.",
        RejectReason.TooDeep => $"Objects and arrays may be nested {Limits.EventDepthMax} levels deep.",
        RejectReason.TooManyFields => $"An object may have at most {Limits.FieldsMax} fields here.",
        RejectReason.DuplicateField => "The field stands here twice.",
        RejectReason.UnknownField => "The field is not known, and strict mode refuses such fields.",
        RejectReason.ReservedField => "event_ref is given by the server; an event that has one was taken already.",
        RejectReason.MissingField => "The field is required.",
        RejectReason.NotAString => "The value must be a string.",
        RejectReason.NotANumber => "The value must be a number, or a string that holds one.",
        RejectReason.NotAnObjectField => "The value must be an object.",
        RejectReason.LoneSurrogate => "An escape names half of a surrogate pair.",
        RejectReason.NulCharacter => "The string must not contain U+0000.",
        RejectReason.EmptyString => "The string must not be empty.",
        RejectReason.StringTooLong => "The string is too long: references may have "
            + $"{Limits.RefBytesMax} bytes of UTF-8, names {Limits.NameBytesMax}, keys {Limits.KeyBytesMax}.",
        RejectReason.DataTooLarge => $"additional_report_data may have at most {Limits.DataBytesMax} bytes.",
        RejectReason.TimestampMalformed => "The timestamp must be as in RFC 3339, with an offset or Z: "
            + "2024-02-05T08:55:32.160Z.",
        RejectReason.TimestampTooOld => "The timestamp lies too far back (35 days unless configured otherwise); "
            + "older usage enters by backfill.",
        RejectReason.TimestampTooFarAhead => "The timestamp lies too far ahead (1 day unless configured otherwise).",
        RejectReason.QuantityMalformed => "The string is not a decimal number.",
        RejectReason.QuantityTooPrecise => "A quantity may have at most 12 decimals; it is not rounded.",
        RejectReason.QuantityTooLarge => "A quantity must be below 10^15.",
        RejectReason.QuantityNegative => "A quantity must not be negative; the account does not allow it.",
        RejectReason.CurrencyMalformed => "A currency is three upper-case letters, as in ISO 4217.",
        RejectReason.ValidationMismatch => "The customer's contract for this product has another currency or entity "
            + "at that time; the event is stored nowhere.",
    };

    /// <summary>
    /// JSON pointer (RFC 6901) within the event; for unknown fields that of their parent and a slash.
    /// </summary>
    public static string Pointer(EventField field) => field switch
    {
        EventField.Whole => "",
        EventField.Timestamp => "/timestamp",
        EventField.CustomerRef => "/customer_ref",
        EventField.CustomerName => "/customer_name",
        EventField.ProductRef => "/usage_product_ref",
        EventField.ProductName => "/usage_product_name",
        EventField.Quantity => "/quantity",
        EventField.Data => "/additional_report_data",
        EventField.Validations => "/validations",
        EventField.Currency => "/validations/currency",
        EventField.EntityRef => "/validations/entity_ref",
        EventField.Key => "/idempotency_key",
        EventField.Ref => "/event_ref",
        EventField.Unknown => "/",
        EventField.UnknownValidation => "/validations/",
    };
}
