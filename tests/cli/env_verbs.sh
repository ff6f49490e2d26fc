#!/usr/bin/env bash
# The verbs of kiln env: each takes the options that do something for it, names these in its help,
# and refuses the others.
. tests/shell.sh

all="progress quiet verbose help"
image="base channel override-channels channel-priority virtual platform prefix offline config cache json"
declare -A takes=(
	[list]="curated registered all gpu html offline config json"
	[show]="$image"
	[save]="form base overwrite offline config cache"
	[clone]="overwrite strict-names offline config cache"
	[register]="name description tag lock strict-names offline config cache json"
	[archive]="offline config"
	[restore]="offline config"
	[outdated]="lock all exit-code jobs $image"
	[bases]="json"
)
flags="curated registered all gpu overwrite strict-names exit-code override-channels offline json"
every=$(printf '%s\n' ${takes[*]} | sort -u)

for verb in "${!takes[@]}"; do
	expect 0 "" "$kiln" env "$verb" --help
	grep -q "^usage: kiln env $verb" "$work/stdout" || fail "$verb --help shows no usage: $(head -1 "$work/stdout")"
	same "$(grep -oE -- '^ +(-[a-z], )? *--[a-z-]+' "$work/stdout" | grep -oE -- '[a-z-]{3,}$' | sed 's/^-*//' | sort | xargs)" \
		"$(printf '%s\n' ${takes[$verb]} $all | sort | xargs)" "options of $verb --help"
	for option in $every; do
		[[ " ${takes[$verb]} " = *" $option "* ]] && continue
		value=
		[[ " $flags " = *" $option "* ]] || value==2
		expect 2 "kiln env $verb takes no --$option, which is for " "$kiln" env "$verb" "--$option$value"
	done
done

# What would help; one letter; before the verb; an option that nobody has.
expect 2 "kiln env list takes no --tag, which is for register" "$kiln" env list --tag a=b
expect 2 "kiln env show takes no --jobs, which is for outdated" "$kiln" env show -j2 x
expect 2 "kiln env restore takes no --lock, which is for register and outdated" "$kiln" env --lock l restore x
expect 2 "kiln env archive takes no --json, which is for list, show, register, outdated and bases" "$kiln" env archive x --json
expect 0 "" "$kiln" env --json bases
expect 2 "there is no option --nope" "$kiln" env list --nope
expect 2 "--all is for registered environments that are not named" "$kiln" env outdated x --all

# The command itself.
expect 0 "" "$kiln" env --help
for verb in "${!takes[@]}"; do
	grep -q "^  $verb  *[a-z]" "$work/stdout" || fail "kiln env --help has no $verb"
done
expect 2 "wanted is: kiln env list, show, save, clone, register, archive, restore, outdated or bases" "$kiln" env lst
expect 2 "wanted is: kiln env show NAME" "$kiln" env show
expect 2 "wanted is: kiln env bases" "$kiln" env bases more
