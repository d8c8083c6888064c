using System.Text.Json;

namespace AgentReadiness.Guardrail.Schemas;

/// <summary>The keywords on lists and objects.</summary>
internal sealed partial class SchemaEvaluator
{
    private Truth List(JsonElement schema, JsonProperty keyword, JsonElement value, SchemaPlace place, Frame frame)
    {
        var isList = value.ValueKind == JsonValueKind.Array;
        switch (keyword.Name)
        {
            case "minItems" or "maxItems":
                if (Count(keyword.Value) is not { } limit)
                    return Unknown(ToolVerdict.NotSchema);
                if (!isList)
                    return Truth.Yes;
                return keyword.NameEquals("minItems")
                    ? value.GetArrayLength() >= limit
                        ? Truth.Yes
                        : Break(place, $"must have at least {limit} entries", frame)
                    : value.GetArrayLength() <= limit
                        ? Truth.Yes
                        : Break(place, $"must have at most {limit} entries", frame);
            case "uniqueItems":
                if (keyword.Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                    return Unknown(ToolVerdict.NotSchema);
                return isList && keyword.Value.ValueKind == JsonValueKind.True ? Unique(value, place, frame) : Truth.Yes;
            case "prefixItems":
                if (keyword.Value.ValueKind != JsonValueKind.Array)
                    return Unknown(ToolVerdict.NotSchema);
                return isList ? Prefix(keyword.Value, value, place, frame) : Truth.Yes;
            case "items":
                // Before 2020-12, a list of schemas stood here.
                if (keyword.Value.ValueKind == JsonValueKind.Array)
                    return Unknown(ToolVerdict.Keyword);
                return isList ? Items(schema, keyword.Value, value, place, frame) : Truth.Yes;
            default:
                return isList ? Contains(schema, keyword.Value, value, place, frame) : Truth.Yes;
        }
    }

    private Truth Unique(JsonElement list, SchemaPlace place, Frame frame)
    {
        var length = list.GetArrayLength();
        if (!Spend(length) || !Spend((int)Math.Min(int.MaxValue / 2, (long)length * length / 4)))
            return Truth.Unknown;
        var entries = list.EnumerateArray().ToList();
        for (var i = 0; i < entries.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (Same(entries[j], entries[i]))
                    return Break(place, $"must not have the same entry twice: {j} and {i} are the same", frame);
                if (isStopped)
                    return Truth.Unknown;
            }
        }
        return Truth.Yes;
    }

    private Truth Prefix(JsonElement schemas, JsonElement list, SchemaPlace place, Frame frame)
    {
        var truth = Truth.Yes;
        foreach (var (schema, index) in schemas.EnumerateArray().Zip(Enumerable.Range(0, list.GetArrayLength())))
        {
            truth = And(truth, Evaluate(schema, list[index], place.Entry(index), frame));
            if (truth == Truth.No || isStopped)
                return truth;
        }
        return truth;
    }

    private Truth Items(JsonElement schema, JsonElement each, JsonElement list, SchemaPlace place, Frame frame)
    {
        var skip =
            schema.TryGetProperty("prefixItems", out var prefix) && prefix.ValueKind == JsonValueKind.Array ? prefix.GetArrayLength() : 0;
        var (truth, index) = (Truth.Yes, 0);
        foreach (var entry in list.EnumerateArray())
        {
            if (index >= skip)
                truth = And(truth, Evaluate(each, entry, place.Entry(index), frame));
            index++;
            if (truth == Truth.No || isStopped)
                return truth;
        }
        return truth;
    }

    private Truth Contains(JsonElement schema, JsonElement wanted, JsonElement list, SchemaPlace place, Frame frame)
    {
        var least = schema.TryGetProperty("minContains", out var min) ? Count(min) : 1;
        var most = schema.TryGetProperty("maxContains", out var max) ? Count(max) : long.MaxValue;
        if (least is null || most is null)
            return Unknown(ToolVerdict.NotSchema);
        var (yes, open, index) = (0L, 0L, 0);
        foreach (var entry in list.EnumerateArray())
        {
            var truth = Evaluate(wanted, entry, place.Entry(index++), frame with { Tells = false });
            yes += truth == Truth.Yes ? 1 : 0;
            open += truth == Truth.Unknown ? 1 : 0;
        }
        if (yes > most || yes + open < least)
            return Break(place, "has too many or too few entries of a form that it must have", frame);
        return yes >= least && yes + open <= most ? Truth.Yes : Truth.Unknown;
    }

    private Truth Object(JsonElement schema, JsonProperty keyword, JsonElement value, SchemaPlace place, Frame frame)
    {
        var isObject = value.ValueKind == JsonValueKind.Object;
        switch (keyword.Name)
        {
            case "minProperties" or "maxProperties":
                if (Count(keyword.Value) is not { } limit)
                    return Unknown(ToolVerdict.NotSchema);
                if (!isObject)
                    return Truth.Yes;
                return keyword.NameEquals("minProperties")
                    ? value.GetPropertyCount() >= limit
                        ? Truth.Yes
                        : Break(place, $"must have at least {limit} members", frame)
                    : value.GetPropertyCount() <= limit
                        ? Truth.Yes
                        : Break(place, $"must have at most {limit} members", frame);
            case "required":
                return isObject ? Required(keyword.Value, value, place, frame) : Names(keyword.Value);
            case "additionalProperties":
                return isObject ? Additional(schema, keyword.Value, value, place, frame) : Truth.Yes;
            case "propertyNames":
                return isObject ? MemberNames(keyword.Value, value, place, frame) : Truth.Yes;
        }
        if (keyword.Value.ValueKind != JsonValueKind.Object)
            return Unknown(ToolVerdict.NotSchema);
        if (!isObject)
            return Truth.Yes;
        var truth = Truth.Yes;
        foreach (var one in keyword.Value.EnumerateObject())
        {
            truth = And(
                truth,
                keyword.Name switch
                {
                    "properties" => Member(one, value, place, frame),
                    "patternProperties" => Like(one, value, place, frame),
                    "dependentRequired" => Has(value, one.Name, out _) ? Required(one.Value, value, place, frame) : Truth.Yes,
                    _ => Has(value, one.Name, out _) ? Evaluate(one.Value, value, place, frame) : Truth.Yes,
                }
            );
            if (truth == Truth.No || isStopped)
                return And(truth, isStopped ? Truth.Unknown : truth);
        }
        return truth;
    }

    private bool Has(JsonElement value, string name, out JsonElement member)
    {
        member = default;
        return Spend(1 + (value.GetPropertyCount() / 16)) && value.TryGetProperty(name, out member);
    }

    private Truth Member(JsonProperty one, JsonElement value, SchemaPlace place, Frame frame) =>
        Has(value, one.Name, out var member) ? Evaluate(one.Value, member, place.Member(one.Name), frame) : Truth.Yes;

    private Truth Like(JsonProperty one, JsonElement value, SchemaPlace place, Frame frame)
    {
        var truth = Truth.Yes;
        foreach (var member in value.EnumerateObject())
        {
            truth = And(
                truth,
                Matches(one.Name, member.Name) switch
                {
                    true => Evaluate(one.Value, member.Value, place.Member(member.Name), frame),
                    false => Truth.Yes,
                    _ => Unknown(ToolVerdict.Pattern),
                }
            );
            if (truth == Truth.No || isStopped)
                return truth;
        }
        return truth;
    }

    private Truth Names(JsonElement names) => names.ValueKind == JsonValueKind.Array ? Truth.Yes : Unknown(ToolVerdict.NotSchema);

    private Truth Required(JsonElement names, JsonElement value, SchemaPlace place, Frame frame)
    {
        if (names.ValueKind != JsonValueKind.Array)
            return Unknown(ToolVerdict.NotSchema);
        var truth = Truth.Yes;
        foreach (var name in names.EnumerateArray())
        {
            if (name.ValueKind != JsonValueKind.String)
                truth = And(truth, Unknown(ToolVerdict.NotSchema));
            else if (!Has(value, name.GetString()!, out _))
                return isStopped ? Truth.Unknown : Break(place, $"must have the member {Shown(name)}", frame);
        }
        return truth;
    }

    private Truth MemberNames(JsonElement schema, JsonElement value, SchemaPlace place, Frame frame)
    {
        var truth = Truth.Yes;
        foreach (var member in value.EnumerateObject())
        {
            var name = JsonElement.Parse($"\"{JsonEncodedText.Encode(member.Name)}\"");
            truth = And(truth, Evaluate(schema, name, place.Member(member.Name), frame));
            if (truth == Truth.No || isStopped)
                return truth;
        }
        return truth;
    }

    private Truth Additional(JsonElement schema, JsonElement rest, JsonElement value, SchemaPlace place, Frame frame)
    {
        var known = schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object;
        var likes = schema.TryGetProperty("patternProperties", out var patterned) && patterned.ValueKind == JsonValueKind.Object;
        var truth = Truth.Yes;
        foreach (var member in value.EnumerateObject())
        {
            if (known && Has(properties, member.Name, out _))
                continue;
            var like = likes ? AnyLike(patterned, member.Name) : Truth.No;
            if (isStopped)
                return And(truth, Truth.Unknown);
            truth = And(
                truth,
                like switch
                {
                    Truth.Yes => Truth.Yes,
                    Truth.No => Evaluate(rest, member.Value, place.Member(member.Name), frame),
                    _ => Truth.Unknown,
                }
            );
            if (truth == Truth.No)
                return truth;
        }
        return truth;
    }

    private Truth AnyLike(JsonElement patterned, string name)
    {
        var open = false;
        foreach (var pattern in patterned.EnumerateObject())
        {
            switch (Matches(pattern.Name, name))
            {
                case true:
                    return Truth.Yes;
                case null:
                    open = true;
                    break;
            }
        }
        return open ? Unknown(ToolVerdict.Pattern) : Truth.No;
    }
}
