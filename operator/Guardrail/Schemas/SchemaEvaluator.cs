using System.Text.Json;

namespace AgentReadiness.Guardrail.Schemas;

/// <summary>
/// Holds one value against one schema (JSON Schema 2020-12). Keywords, references, depth and work are bounded: what is not known here,
/// or too much, makes the outcome unknown, and never a fit. What is known to break the schema stays broken, whatever else is unknown.
/// It is used once, by one thread.
/// </summary>
/// <param name="root">The schema.</param>
/// <param name="isOpenApi">See <see cref="ToolSchema"/>.</param>
/// <param name="time">The clock.</param>
internal sealed partial class SchemaEvaluator(JsonElement root, bool isOpenApi, TimeProvider time)
{
    private const int MaxDepth = 128;
    private const int MostSteps = 50_000;
    private static readonly TimeSpan MostOfPatterns = TimeSpan.FromMilliseconds(250);
    private static readonly string[] SiblingsCount =
    [
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
    ];

    // In these, what stands beside a "$ref" does not count.
    private static readonly string[] ReferenceAlone =
    [
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-06/schema",
        "https://json-schema.org/draft-07/schema",
    ];

    private bool isReferenceAlone;
    private int steps;
    private TimeSpan patterns;
    private bool isStopped;
    private ToolVerdict? unknown;
    private (SchemaPlace Place, string Expected)? broken;

    /// <summary>Checks the value.</summary>
    /// <exception cref="InvalidOperationException">A text of it, or of the schema, is no Unicode.</exception>
    public ToolCheck Check(JsonElement value)
    {
        // What the same words mean in another dialect is not known here: neither a fit nor a break.
        if (Dialect() == Truth.Unknown)
            return new ToolCheck(ToolVerdict.Keyword);
        return Evaluate(root, value, SchemaPlace.Root, new Frame(0, IsRoot: true, Tells: true)) switch
        {
            Truth.Yes => new ToolCheck(ToolVerdict.Fits),
            Truth.No => new ToolCheck(ToolVerdict.BreaksSchema, broken!.Value.Place.Text(), broken.Value.Expected),
            _ => new ToolCheck(unknown ?? ToolVerdict.NotSchema),
        };
    }

    private Truth Dialect()
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("$schema", out var declared))
            return Truth.Yes;
        var name = declared.ValueKind == JsonValueKind.String ? declared.GetString()!.TrimEnd('#') : "";
        isReferenceAlone = ReferenceAlone.Contains(name);
        return isReferenceAlone || SiblingsCount.Contains(name) ? Truth.Yes : Unknown(ToolVerdict.Keyword);
    }

    private Truth Evaluate(JsonElement schema, JsonElement value, SchemaPlace place, Frame frame)
    {
        var truth = Spend(1) ? Within(schema, value, place, frame) : Truth.Unknown;
        // What was not looked at any more is no fit.
        return isStopped && truth == Truth.Yes ? Truth.Unknown : truth;
    }

    private Truth Within(JsonElement schema, JsonElement value, SchemaPlace place, Frame frame)
    {
        if (schema.ValueKind == JsonValueKind.True)
            return Truth.Yes;
        if (schema.ValueKind == JsonValueKind.False)
            return Break(place, "must not be there", frame);
        if (schema.ValueKind != JsonValueKind.Object)
            return Unknown(ToolVerdict.NotSchema);
        if (frame.Depth >= MaxDepth)
            return Unknown(ToolVerdict.TooDeep);
        if (isOpenApi && value.ValueKind == JsonValueKind.Null && schema.TryGetProperty("nullable", out var nullable))
            if (nullable.ValueKind == JsonValueKind.True)
                return Truth.Yes;
        if (isReferenceAlone && schema.TryGetProperty("$ref", out var alone))
            return Reference(alone, value, place, frame);
        var truth = Truth.Yes;
        var below = frame with { Depth = frame.Depth + 1, IsRoot = false };
        foreach (var keyword in schema.EnumerateObject())
        {
            if (!Spend(1))
                return And(truth, Truth.Unknown);
            if (keyword.NameEquals("$id"))
                truth = And(truth, frame.IsRoot ? Truth.Yes : Unknown(ToolVerdict.Reference));
            else if (keyword.NameEquals("$ref"))
                truth = And(truth, Reference(keyword.Value, value, place, frame));
            else
                truth = And(truth, Keyword(schema, keyword, value, place, below));
            if (truth == Truth.No)
                return truth;
        }
        return truth;
    }

    private Truth Keyword(JsonElement schema, JsonProperty keyword, JsonElement value, SchemaPlace place, Frame frame) =>
        keyword.Name switch
        {
            "type" => Type(keyword.Value, value, place, frame),
            "enum" => Enum(keyword.Value, value, place, frame),
            "const" => Same(keyword.Value, value) ? Truth.Yes : Break(place, $"must be {Shown(keyword.Value)}", frame),
            "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf" => Number(keyword, value, place, frame),
            "minLength" or "maxLength" or "pattern" => Text(keyword, value, place, frame),
            "minItems" or "maxItems" or "uniqueItems" or "items" or "prefixItems" or "contains" => List(
                schema,
                keyword,
                value,
                place,
                frame
            ),
            "properties"
            or "patternProperties"
            or "additionalProperties"
            or "propertyNames"
            or "required"
            or "minProperties"
            or "maxProperties"
            or "dependentRequired"
            or "dependentSchemas" => Object(schema, keyword, value, place, frame),
            "allOf" or "anyOf" or "oneOf" => Several(keyword, value, place, frame),
            "not" => Not(keyword.Value, value, place, frame),
            "if" => If(schema, keyword.Value, value, place, frame),
            // These belong to the ones above.
            "then" or "else" or "minContains" or "maxContains" => Truth.Yes,
            // What only describes, or is only looked up.
            "title"
            or "description"
            or "default"
            or "deprecated"
            or "readOnly"
            or "writeOnly"
            or "examples"
            or "example"
            or "format"
            or "contentEncoding"
            or "contentMediaType"
            or "contentSchema"
            or "$schema"
            or "$comment"
            or "$anchor"
            or "$defs"
            or "definitions" => Truth.Yes,
            "nullable" or "propertyOrdering" when isOpenApi => Truth.Yes,
            // Without a list of schemas before it, it says nothing (draft-07, 6.4.2); with one, "items" tells.
            "additionalItems" => Truth.Yes,
            "unevaluatedProperties" when value.ValueKind != JsonValueKind.Object || keyword.Value.ValueKind == JsonValueKind.True =>
                Truth.Yes,
            "unevaluatedItems" when value.ValueKind != JsonValueKind.Array || keyword.Value.ValueKind == JsonValueKind.True => Truth.Yes,
            "$dynamicRef" or "$recursiveRef" => Unknown(ToolVerdict.Reference),
            var name when name.StartsWith("x-", StringComparison.Ordinal) => Truth.Yes,
            _ => Unknown(ToolVerdict.Keyword),
        };

    private Truth Reference(JsonElement reference, JsonElement value, SchemaPlace place, Frame frame)
    {
        var below = frame with { Depth = frame.Depth + 1 };
        if (reference.ValueKind != JsonValueKind.String || reference.GetString() is not ['#', .. var pointer])
            return Unknown(ToolVerdict.Reference);
        if (pointer.Length == 0)
            return Evaluate(root, value, place, below with { IsRoot = true });
        if (pointer[0] != '/')
            return Unknown(ToolVerdict.Reference);
        var (at, isFirst) = (root, true);
        foreach (var part in pointer[1..].Split('/'))
        {
            // Below an "$id" of its own, a pointer begins anew.
            if (!Spend(1) || (!isFirst && at.ValueKind == JsonValueKind.Object && at.TryGetProperty("$id", out _)))
                return Unknown(ToolVerdict.Reference);
            isFirst = false;
            var name = Uri.UnescapeDataString(part)
                .Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind == JsonValueKind.Object && Spend(at.GetPropertyCount() / 16) && at.TryGetProperty(name, out var member))
                at = member;
            else if (
                at.ValueKind == JsonValueKind.Array
                && int.TryParse(name, System.Globalization.NumberStyles.None, null, out var index)
                && index < at.GetArrayLength()
            )
                at = at[index];
            else
                return Unknown(ToolVerdict.Reference);
        }
        return Evaluate(at, value, place, below with { IsRoot = false });
    }

    private Truth Several(JsonProperty keyword, JsonElement value, SchemaPlace place, Frame frame)
    {
        if (keyword.Value.ValueKind != JsonValueKind.Array || keyword.Value.GetArrayLength() == 0)
            return Unknown(ToolVerdict.NotSchema);
        var isAll = keyword.NameEquals("allOf");
        var (yes, open, all) = (0, 0, Truth.Yes);
        foreach (var one in keyword.Value.EnumerateArray())
        {
            var truth = Evaluate(one, value, place, isAll ? frame : frame with { Tells = false });
            all = And(all, truth);
            yes += truth == Truth.Yes ? 1 : 0;
            open += truth == Truth.Unknown ? 1 : 0;
            if (isAll && truth == Truth.No)
                return truth;
        }
        if (isAll)
            return all;
        if (yes > 1 && keyword.NameEquals("oneOf"))
            return Break(place, "fits more than one of the forms of which it may have one", frame);
        if (yes > 0 && (open == 0 || keyword.NameEquals("anyOf")))
            return Truth.Yes;
        return yes + open > 0 ? Truth.Unknown : Break(place, "has none of the forms that it may have", frame);
    }

    private Truth Not(JsonElement schema, JsonElement value, SchemaPlace place, Frame frame) =>
        Evaluate(schema, value, place, frame with { Tells = false }) switch
        {
            Truth.Yes => Break(place, "has a form that it must not have", frame),
            Truth.No => Truth.Yes,
            _ => Truth.Unknown,
        };

    private Truth If(JsonElement schema, JsonElement condition, JsonElement value, SchemaPlace place, Frame frame)
    {
        var holds = Evaluate(condition, value, place, frame with { Tells = false });
        var then = schema.TryGetProperty("then", out var first) ? first : (JsonElement?)null;
        var otherwise = schema.TryGetProperty("else", out var second) ? second : (JsonElement?)null;
        if (holds != Truth.Unknown)
            return (holds == Truth.Yes ? then : otherwise) is { } branch ? Evaluate(branch, value, place, frame) : Truth.Yes;
        return then is null && otherwise is null ? Truth.Yes : Truth.Unknown;
    }

    /// <summary>Both must hold.</summary>
    private static Truth And(Truth left, Truth right) =>
        left == Truth.No || right == Truth.No ? Truth.No
        : left == Truth.Unknown || right == Truth.Unknown ? Truth.Unknown
        : Truth.Yes;

    private Truth Unknown(ToolVerdict why)
    {
        unknown ??= why;
        return Truth.Unknown;
    }

    private Truth Break(SchemaPlace place, string expected, Frame frame)
    {
        // It may only seem so, as something was not looked at any more.
        if (isStopped)
            return Truth.Unknown;
        if (frame.Tells)
            broken ??= (place, expected);
        return Truth.No;
    }

    private bool Spend(int cost)
    {
        steps += cost;
        if (isStopped || steps <= MostSteps)
            return !isStopped;
        isStopped = true;
        unknown ??= ToolVerdict.TooMuchWork;
        return false;
    }

    /// <summary>Where the evaluation stands.</summary>
    /// <param name="Depth">How many schemas it is in.</param>
    /// <param name="IsRoot">The schema is the whole one.</param>
    /// <param name="Tells">What breaks here breaks the whole.</param>
    private readonly record struct Frame(int Depth, bool IsRoot, bool Tells);
}
